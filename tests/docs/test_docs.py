"""The documentation: whole in both languages, nothing undocumented, examples that run."""

import importlib.util
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from kachisuji import cases
from kachisuji.desk.cli import build
from kachisuji.desk.helping import every_command
from kachisuji.words import entries

DOCS = Path(__file__).parents[2] / "docs"
GENERATED = ("reference/", "ja/", "_")
JAPANESE = re.compile(r"[ぁ-んァ-ヶ一-龠]")


def load_generator():
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generate = load_generator()


def written(folder):
    names = (p.relative_to(folder).as_posix() for p in folder.rglob("*.md"))
    return sorted(n for n in names if not n.startswith(GENERATED))


ENGLISH = written(DOCS)


@pytest.fixture(scope="module", params=["en", "ja"])
def reference(request):
    return request.param, dict(generate.pages(request.param))


def test_every_page_is_there_in_both_languages():
    japanese = written(DOCS / "ja")
    assert japanese == ENGLISH, "write the page that is missing, in docs/ or docs/ja/"


def headings(text):
    bare = re.sub(r"```.*?```", "", text, flags=re.S)
    return [m.group(1) for m in re.finditer(r"^(#+) ", bare, re.M)]


@pytest.mark.parametrize("name", ENGLISH)
def test_the_japanese_page_is_the_same_page(name):
    english = (DOCS / name).read_text(encoding="utf-8")
    japanese = (DOCS / "ja" / name).read_text(encoding="utf-8")
    assert headings(english) == headings(japanese), "the same headings, in the same order"
    if name != "index.md":
        assert english.count("```") == japanese.count("```"), "the same examples"
    assert english.count("\n|") == japanese.count("\n|"), "the same rows of tables"
    if "toctree" not in english:
        told, translated = prose(english), prose(japanese)
        assert len(JAPANESE.findall(translated)) > 0.15 * len(told), "translated, not copied"


def prose(text):
    """Text without its front matter and examples."""
    bare = re.sub(r"^---\n.*?\n---\n", "", text, flags=re.S)
    return re.sub(r"```.*?```", "", bare, flags=re.S)


@pytest.mark.parametrize("name", ["accounts.md", "structure.md"])
def test_the_example_at_the_top_runs(name):
    cells = []
    for folder in (DOCS, DOCS / "ja"):
        cell = re.search(r"```python\n(.*?)```", (folder / name).read_text("utf-8"), re.DOTALL)[1]
        exec(compile(cell, name, "exec"), {})
        cells.append(re.sub(r" *#.*", "", cell))
    assert cells[0] == cells[1]


def test_every_page_is_in_the_contents():
    for folder in (DOCS, DOCS / "ja"):
        listed = set()
        for index in ("index.md", "gallery/index.md"):
            base = Path(index).parent
            text = (folder / index).read_text(encoding="utf-8")
            for block in re.findall(r"```\{toctree\}\n(.*?)```", text, re.S):
                lines = [line for line in block.splitlines() if line and not line.startswith(":")]
                listed |= {(base / line).as_posix() for line in lines}
        pages = {n.removesuffix(".md") for n in written(folder)} - {"index"}
        pages |= {f"reference/{p}" for p in generate.PAGES}
        assert pages - listed == set()


def test_every_command_and_option_is_in_the_reference(reference):
    lang, pages = reference
    for path, command in every_command(build(lang)):
        assert f"## `kachisuji {' '.join(path)}`" in pages["commands"]
        if command.default_command is not None:
            for argument in command.assemble_argument_collection():
                assert f"`{argument.name}`" in pages["commands"]


def test_every_command_is_told_on_a_page():
    told = "".join((DOCS / n).read_text(encoding="utf-8") for n in ENGLISH)
    for path, command in every_command(build("en")):
        if command.default_command is not None and path[0] != "data":
            grouped = rf"`kachisuji {path[0]} [a-z\\|]*\b{path[-1]}\b"  # init\|add\|check
            known = f"kachisuji {' '.join(path)}" in told or re.search(grouped, told)
            assert known, " ".join(path)


def test_every_setting_table_attribute_and_symbol_is_in_the_reference(reference):
    _, pages = reference
    for title, _, model in generate.MODELS:
        for name in model.model_fields:
            assert f"| `{name}` |" in pages["case"], (title, name)
    for table in (*cases.tables(), *cases.optional_tables()):
        assert f"`{table}.csv`" in pages["case"]
        for attribute in cases.schema(table).attributes:
            assert f"| `{attribute.name}` |" in pages["case"]
    for symbol in (*cases.symbols(), *cases.global_symbols(), *cases.layer_symbols()):
        assert f"| `{symbol.symbol}` |" in pages["case"]


def test_every_error_is_in_the_reference(reference):
    lang, pages = reference
    for key, entry in entries().items():
        if "remedy_en" in entry:
            (row,) = re.findall(rf"^\| `{re.escape(key)}` \|.*$", pages["errors"], re.M)
            assert generate.cell(entry[f"remedy_{lang}"]) in row


def test_every_public_name_has_a_docstring_and_is_in_the_reference(reference):
    _, pages = reference
    for room in ("", *generate.ROOMS):
        for name, thing in generate.public(room):
            assert f"### `{name}`" in pages["functions"], (room, name)
            if inspect.isfunction(thing) or inspect.isclass(thing):
                assert inspect.getdoc(thing), (room, name)


def test_every_public_name_is_told_in_japanese():
    told = generate.in_japanese()
    rooms = {r or "kachisuji": [n for n, _ in generate.public(r)]
             for r in ("", *generate.ROOMS)}  # fmt: skip
    assert set(told) == set(rooms)
    for room, names in rooms.items():
        wanted = {*names, "about"}
        lacking, gone = wanted - set(told[room]), set(told[room]) - wanted
        assert not lacking, f"write a line in docs/ja/functions.toml [{room}] for {lacking}"
        assert not gone, f"take out of docs/ja/functions.toml [{room}]: {gone}"
        for name, line in told[room].items():
            assert JAPANESE.search(line), (room, name)
            assert line.endswith("。"), (room, name)
            assert line.count("`") % 2 == 0, (room, name)


def test_every_room_is_in_the_reference():
    source = Path(cases.__file__).parents[1]
    rooms = {p.parent.name for p in source.glob("*/__init__.py")} - {"desk"}
    assert rooms == set(generate.ROOMS)


def test_every_term_has_its_meaning(reference):
    lang, pages = reference
    terms = [k for k in entries() if k.startswith("glossary.") and not k.endswith("_is")]
    for key in terms:
        assert f"{key}_is" in entries()
        assert f"**{entries()[key][lang]}**" in pages["glossary"]


def test_the_reference_speaks_its_language(reference):
    lang, pages = reference
    for name in ("commands", "errors", "case"):
        told = "".join(re.findall(r"\| ([^`|]+) \|$", pages[name], re.M))
        share = len(JAPANESE.findall(told)) / len(told)
        assert (share > 0.2) == (lang == "ja"), name
    assert "{" in pages["errors"]


def test_links_between_pages_lead_somewhere():
    for folder in (DOCS, DOCS / "ja"):
        for name in written(folder):
            text = (folder / name).read_text(encoding="utf-8")
            for target in re.findall(r"\]\(([^)#\s]+\.md)", text):
                place = ((folder / name).parent / target).resolve()
                generated = "reference/" in target
                assert generated or place.is_file(), (name, target)
                if generated:
                    assert place.stem in generate.PAGES


GALLERY = [n for n in ENGLISH if n.startswith("gallery/") and n != "gallery/index.md"]


def cells(text):
    return re.findall(r"```\{code-cell\} ipython3\n(?::tags:[^\n]*\n)?(.*?)```", text, re.S)


@pytest.mark.parametrize("name", GALLERY)
def test_gallery_pages_run_the_same_cells_in_both_languages(name):
    english, japanese = (
        cells((DOCS / place / name).read_text(encoding="utf-8")) for place in ("", "ja")
    )
    assert len(english) >= 3
    changed = [(a, b) for a, b in zip(english[1:], japanese[1:], strict=True) if a != b]
    for a, b in changed:
        assert a.replace("statement_en", "statement_ja") == b


@pytest.mark.slow
def test_the_gallery_runs(rich_run, tmp_path):
    """Smoke test in plain Python; the documentation's build runs every page in both languages."""
    shown = "\n".join(
        "\n".join(cells((DOCS / name).read_text(encoding="utf-8")))
        for name in ("gallery/what-if.md", "gallery/futures.md", "gallery/story.md",
                     "gallery/structure.md")
    )  # fmt: skip
    stand_in = (
        "import sys, types\nmade = types.ModuleType('IPython.display')\nmade.SVG = str\n"
        "sys.modules['IPython'] = types.ModuleType('IPython')\n"
        "sys.modules['IPython.display'] = made\n"
    )
    (tmp_path / "gallery.py").write_text(stand_in + shown, encoding="utf-8")
    env = {**os.environ, "KACHISUJI_GALLERY": str(rich_run), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-W", "error", str(tmp_path / "gallery.py")],
        capture_output=True, text=True, env=env,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
