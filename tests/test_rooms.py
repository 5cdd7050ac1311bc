"""The house keeps its shape: who imports whom, and how long anything may grow."""

import ast
import tomllib
from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "src" / "kachisuji").rglob("*.py"))
LONGEST_MODULE = 600
LONGEST_FUNCTION = 66  # about sixty lines, docstring not counted


def code_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of the body of ``node`` without its docstring."""
    body = node.body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    if not body:
        return 0
    return (body[-1].end_lineno or body[-1].lineno) - body[0].lineno + 1


def test_rooms_import_only_along_the_table(monkeypatch):
    monkeypatch.chdir(ROOT)
    status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), cache_dir=None)
    assert status == EXIT_STATUS_SUCCESS


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_modules_and_functions_stay_short(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST_MODULE
    long = {
        node.name: code_lines(node)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and code_lines(node) > LONGEST_FUNCTION
    }
    assert not long


def test_every_room_has_its_contract():
    """A new room must be written into pyproject's contracts before anything imports it."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    rooms = {f"kachisuji.{p.parent.name}" for p in SOURCES if p.name == "__init__.py"}
    rooms = {r for r in rooms if (ROOT / "src" / r.replace(".", "/")).is_dir()}
    contracts = settings["tool"]["importlinter"]["contracts"]
    for contract in contracts:
        (room,) = contract["source_modules"]
        allowed = {r for r in rooms if r.removeprefix("kachisuji.") in contract["name"]}
        assert set(contract["forbidden_modules"]) == rooms - allowed - {room}
    assert {c["source_modules"][0] for c in contracts} == rooms - {"kachisuji.desk"}
