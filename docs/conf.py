"""Settings of the documentation (make docs)."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import generate  # noqa: E402 - found beside this file
import mathml  # noqa: E402

from kachisuji import __version__  # noqa: E402

generate.write(HERE)
os.environ["KACHISUJI_GALLERY"] = str(generate.gallery_run())
os.environ["IPYTHONDIR"] = str(generate.kernel_settings())

project = "Kachisuji"
copyright = "2026, the Kachisuji authors"
release = __version__
extensions = ["myst_nb"]
exclude_patterns = ["_build", "jupyter_execute", "**/.ipynb_checkpoints"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "force"  # gallery pages are run at each build; a failing cell fails the build
nb_execution_timeout = 120
nb_execution_raise_on_error = True
nb_execution_excludepatterns = ["reference/*", "ja/reference/*"]
nb_merge_streams = True
templates_path = ["_templates"]
html_math_renderer = "mathml"
html_theme = "alabaster"
html_title = "Kachisuji 勝ち筋"
html_static_path = ["_static"]
html_css_files = ["docs.css"]
html_sidebars = {"**": ["about.html", "language.html", "contents.html", "searchfield.html"]}
html_theme_options = {
    "description": "An open workbench for industrial strategy",
    "fixed_sidebar": True,
    "page_width": "70rem",
    "body_max_width": "50rem",
}
html_context = {
    "pages_in_both": generate.pages_of(HERE / "ja"),
    "japanese": [(f"ja/{name}", generate.title(HERE / "ja" / f"{name}.md"))
                 for name in generate.listed(HERE / "ja" / "index.md")],
}  # fmt: skip
suppress_warnings = ["myst.header", "myst.xref_missing"]


def setup(app):
    """Write equations as MathML, which needs no script and no network."""
    mathml.setup(app)
