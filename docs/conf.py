"""Settings of the documentation (make docs)."""

from kachisuji import __version__

project = "Kachisuji"
copyright = "2026, the Kachisuji authors"
release = __version__
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
html_theme = "alabaster"
html_title = "Kachisuji 勝ち筋"
html_theme_options = {
    "description": "An open workbench for industrial strategy",
    "fixed_sidebar": True,
    "page_width": "64rem",
    "body_max_width": "46rem",
}
suppress_warnings = ["myst.header", "myst.xref_missing"]
