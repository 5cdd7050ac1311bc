"""Figures that the pages tell: those of the results of benchmarks and of the shipped cases."""

import re
from pathlib import Path

import pytest

from kachisuji.cases import load

HERE = Path(__file__).parents[2]
RESULTS = HERE / "benchmarks" / "results"
NUMBER = re.compile(r"(?<![A-Za-z\d.])\d[\d,]*(?:\.\d+)?(?:e-\d+)?")
# sizes of tables and versions, which are no results
GIVEN = {"0.7.0", "1435", "595", "9800"}


def numbers(text):
    return {n.rstrip(",") for n in NUMBER.findall(re.sub(r"\d+\.\d+\.\d+", "", text))} - GIVEN


@pytest.mark.parametrize("folder", ["docs", "docs/ja"])
def test_the_table_of_speed_is_that_of_the_results(folder):
    page = (HERE / folder / "structure.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.*`(structure_\w+)`.*) \| (.*) \|$", page, re.M)
    assert len(rows) == 5
    for _, script, told in rows:
        found = (RESULTS / f"{script}.md").read_text(encoding="utf-8")
        assert numbers(told), told
        for number in numbers(told):
            assert re.search(rf"(?<![\d.]){re.escape(number)}(?![\d.]*\d)", found), (script, number)


@pytest.mark.parametrize(("folder", "unit"), [("docs", " ms"), ("docs/ja", "ミリ秒")])
def test_the_time_that_the_embedded_table_takes(folder, unit):
    page = (HERE / folder / "accounts.md").read_text(encoding="utf-8")
    found = (RESULTS / "accounts_reading.md").read_text(encoding="utf-8")
    (told,) = re.findall(rf"([\d.]+){unit}", page)
    assert f"{told} ms" in found


def test_the_extent_of_the_cases():
    japan = load("japan17")
    extent = len(japan.tables["fields"]), len(japan.tables["segments"])
    assert extent[0] == 17  # "seventeen" on many pages
    assert f"seventeen strategic fields in {extent[1]} segments" in (
        HERE / "docs" / "cases.md"
    ).read_text(encoding="utf-8")
    assert f"{extent[1]}" in (HERE / "docs" / "ja" / "cases.md").read_text(encoding="utf-8")
    template = load("template")
    assert len(template.tables["segments"]) == 2  # "two segments with illustrative figures"
