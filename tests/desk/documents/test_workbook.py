"""The workbook of a run: its figures are the run's, its text cannot become a formula."""

import io
import re
import zipfile
from dataclasses import replace

import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from kachisuji.contest import collect
from kachisuji.desk.cli import main
from kachisuji.desk.documents.workbook import write_xlsx
from kachisuji.desk.stored import StoredRun
from kachisuji.words import say


def sheets(data):
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


@pytest.fixture(scope="module")
def rich(rich_run):
    return StoredRun.open(rich_run)


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_sheets_hold_the_figures_of_the_run(rich, lang):
    found = sheets(write_xlsx(rich, lang))

    def sheet(key):
        head, *rows = found[say(f"workbook.sheet_{key}", lang)]
        return [dict(zip(head, row, strict=True)) for row in rows]

    col = {k: say(f"workbook.col_{k}", lang) for k in ("line", "beats", "bootstrap", "evidence")}
    chosen = {rich.lines.loc[r["line"], "line"]: r for _, r in rich.portfolio.iterrows()}
    assert chosen
    assert {r[col["line"]]: r[col["beats"]] for r in sheet("portfolio")} == pytest.approx(
        {k: r["beats"] for k, r in chosen.items()}
    )
    assert len(sheet("lines")) == len(rich.lines)
    assert len(sheet("marginal")) == len(rich.marginal)
    assert len(sheet("left_out")) == len(rich.left_out)
    welfare = rich.of_line("welfare")["mean"]
    (name,) = (
        h for h in sheet("lines")[0]
        if h.startswith(say("workbook.col_mean", lang, measure=say("desk.measure_welfare", lang)))
    )  # fmt: skip
    assert [r[name] for r in sheet("lines")] == pytest.approx(welfare.to_list())
    used = set(rich.case.figures()["evidence"])
    assert used <= {r[say("workbook.col_id", lang)] for r in sheet("sources")}
    units = sheet("units")
    assert {r[say("workbook.col_unit", lang)] for r in units}.isdisjoint({"", None})
    assert "(" in name or "（" in name  # the unit of money stands in the head


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_stated_correlations_have_a_sheet_and_others_none(rich, lang):
    name = say("workbook.sheet_correlations", lang)
    assert name not in sheets(write_xlsx(rich, lang))
    one, other = (q.name for q in collect(rich.case)[:2])
    source = rich.case.tables["evidence"]["id"].iloc[0]
    table = pd.DataFrame(
        {"quantity_a": [one], "quantity_b": [other], "rank_correlation": [-0.4],
         "evidence": [source]}
    )  # fmt: skip
    own = {"tables": {**rich.case.tables, "correlations": table},
           "rows": {**rich.case.rows, "correlations": [2]}}  # fmt: skip
    case = replace(rich.case, **own)
    found = sheets(write_xlsx(replace(rich, case=case), lang))
    head, row = found[name]
    cells = dict(zip(head, row, strict=True))
    assert cells[say("workbook.col_symbol", lang)] == one
    assert cells[say("workbook.col_symbol_with", lang)] == other
    assert cells[say("workbook.col_rank_correlation", lang)] == -0.4
    assert cells[say("workbook.col_evidence", lang)] == source
    told = [r for r in found[say("workbook.sheet_contents", lang)] if r[0] == name]
    assert told[0][1] == say("workbook.about_correlations", lang)


def test_the_same_run_gives_the_same_bytes(rich):
    assert write_xlsx(rich, "ja") == write_xlsx(rich, "ja")


def test_text_of_a_case_is_text(rich):
    """Formulas, links and control characters stay letters, marked so for whoever edits them."""
    evil = ['=HYPERLINK("http://x.test","y")', "@SUM(A1)", "https://x.test/", "+1\x07", "-2"]
    table = rich.case.tables["segments"].copy()
    for place, text in enumerate(evil[: len(table)]):
        table.loc[table.index[place], "name_en"] = text
    case = replace(rich.case, tables={**rich.case.tables, "segments": table})
    data = write_xlsx(replace(rich, case=case), "en")
    assert any(evil[0] in row for row in sheets(data)["Left out"] + sheets(data)["Portfolio"])
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        names = book.namelist()
        pages = "".join(book.read(n).decode() for n in names if "worksheets/sheet" in n)
        styles = book.read("xl/styles.xml").decode()
    assert "<f>" not in pages
    assert "hyperlink" not in pages.lower()
    assert not [n for n in names if "external" in n.lower() or n.endswith((".bin", ".vml"))]
    used = {int(s) for s in re.findall(r'<c r="[A-Z]+\d+" s="(\d+)" t="s"', pages)}
    formats = re.findall(r"<xf [^>]*?>", styles.split("<cellXfs")[1].split("</cellXfs")[0])
    assert used
    assert all('quotePrefix="1"' in formats[k] for k in used)


def test_the_command_writes_what_is_asked(small_run, tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        main(["report", str(small_run), "--out", str(tmp_path / "t.xlsx"), "--json"])
    assert end.value.code == 0
    assert (tmp_path / "t.xlsx").read_bytes()[:2] == b"PK"
    for wrong in (
        ["--out", "t.csv"],
        ["--xlsx", "--out", "t.pdf"],
        ["--xlsx", "--pdf", "--out", "t.xlsx"],
    ):
        with pytest.raises(SystemExit) as end:
            main(["report", str(small_run), *wrong])
        assert end.value.code == 2
        assert "--out" in capsys.readouterr().err
