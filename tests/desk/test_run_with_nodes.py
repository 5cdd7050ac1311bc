"""`run --constellation` with real nodes and a real committee, then `verify`, with nobody there."""

import html
import json
import re
import shutil

import pytest
from fastapi.testclient import TestClient

from kachisuji.cases import load
from kachisuji.constellation import joint
from kachisuji.constellation.contributions import logs, trained
from kachisuji.constellation.local import Local
from kachisuji.constellation.node import Node
from kachisuji.constellation.policy import Policy
from kachisuji.constellation.synthetic import firms
from kachisuji.desk import cli, pipeline
from kachisuji.desk.constellation import joining
from kachisuji.desk.constellation.protected import FILE
from kachisuji.desk.constellation.replaying import compare_answers
from kachisuji.desk.constellation.screen import screen
from kachisuji.ledger import describe, read_manifest


def told(capsys, *arguments):
    with pytest.raises(SystemExit) as left:
        cli.main([str(a) for a in arguments])
    got = capsys.readouterr()
    return left.value.code, got.out + got.err


@pytest.fixture(scope="module")
def answered(tmp_path_factory):
    """A run of the template with the answers of seven nodes; the constellation is gone after it."""
    place = tmp_path_factory.mktemp("nodes")
    recipe = {"c12": 0.2, "c13": 0.2, "c14": 0.1, "c20": 0.05, "c30": 0.05, "value_added": 0.4}
    made = firms(7, {"bearing": {"HOME": 0.2, "RIVAL": 0.6, "REST": 0.2}}, {"parts": 0.3},
                 {"parts": recipe}, seed=3)  # fmt: skip
    policy = Policy(minimum_nodes=5, epsilon_most=20, ask_me=False, joint_sums=True,
                    budget={"ministry": 200.0})  # fmt: skip
    local = Local(place / "all", [f"firm-{k}" for k in range(7)], policy)
    for name, tables in zip(local.nodes, made, strict=True):
        for table, frame in tables.items():
            file = place / f"{name}-{table}.csv"
            frame.to_csv(file, index=False)
            Node(local.folder / name).add(file, table)
    before, pipeline.RESAMPLES = pipeline.RESAMPLES, 3
    try:
        with local:
            local.start()
            asked = ("--constellation", local.url, "--identity", local.folder / "ministry")
            command = ("run", "template", *asked, "--futures", 32, "--out", place / "run")
            question = place / "q.toml"
            question.write_text('kind = "count"\ntable = "purchases"\nepsilon = 0.5\n')
            once = ("constellation", "ask", question, "--identity", local.folder / "ministry",
                    "--id", "paid1")  # fmt: skip
            train = ("constellation", "train", "parts", "--identity", local.folder / "ministry")
            noisy = ("--model", "yield", "--epsilon", 2, "--out", place / "yield.json")
            for words in (command, (*once, "--out", place / "first.csv"),
                          (*once, "--out", place / "again.csv", "--patience", 1),
                          (*train, "--rounds", 4, "--out", place / "cost.json"),
                          (*train, *noisy)):  # fmt: skip
                with pytest.raises(SystemExit) as left:
                    cli.main([str(a) for a in words])
                assert left.value.code == 0
        yield place / "run"
    finally:
        pipeline.RESAMPLES = before


def test_it_verifies_without_the_constellation(answered, capsys):
    kept = json.loads((answered / "case" / FILE).read_text())
    assert {a["name"] for a in kept["answers"]} >= {"exposure", "months", "craft", "recipe"}
    assert all(len(a["proof"]) == 3 for a in kept["answers"])
    assert kept["changes"]
    assert 'id="protected"' in (answered / "report.html").read_text()
    code, out = told(capsys, "verify", answered, "--lang", "en")
    assert (code, "as it was" in out) == (0, True)


def test_an_answer_that_was_paid_for_is_fetched_again_at_no_charge(answered):
    first, again = (answered.parent / n for n in ("first.csv", "again.csv"))
    assert first.read_text() == again.read_text()
    node = Node(answered.parent / "all" / "firm-0")
    charged = [e for e in node.log.entries()
               if e.event == "debit" and e.values["key"].startswith("paid1")]  # fmt: skip
    assert [e.values["epsilon"] for e in charged] == [0.5]


def test_a_joint_model_is_that_of_the_same_rounds_in_one_place(answered):
    place = answered.parent
    q = joining.question("parts", joining.COST, joint.VAGUE)
    tables = [Node(place / "all" / f"firm-{k}").table("production") for k in range(7)]
    curves = [trained(q, t[t["process"] == "parts"]) for t in tables]
    want = joint.together(curves, 4)
    cost = json.loads((place / "cost.json").read_text())
    assert (cost["nodes"], cost["rounds"], cost["epsilon"]) == (7, 4, 0.0)
    assert cost["curve"] == pytest.approx(want.as_prior(), abs=1e-2)
    assert -0.6 < cost["low"] < cost["change"] < cost["high"] < 0.1
    noisy = json.loads((place / "yield.json").read_text())
    assert (noisy["model"], noisy["rounds"], noisy["epsilon"]) == ("yield", 1, 2.0)
    spent = [e.values["epsilon"] for e in Node(place / "all" / "firm-0").log.entries()
             if e.event == "debit"]  # fmt: skip
    assert spent[-1] == 2.0


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_an_owner_reads_what_joining_gains(answered, capsys, lang):
    firm = answered.parent / "all" / "firm-0"
    code, out = told(capsys, "node", "models", firm, "--json")
    cost, odds = json.loads(out)
    assert (code, cost["model"], odds["model"]) == (0, "cost", "yield")
    kept = json.loads((firm / "refined-parts.json").read_text())
    q = joining.question("parts", joining.COST, joint.VAGUE)
    rows = Node(firm).table("production").query("process == 'parts'").sort_values("period")
    u, y = logs(q, rows.iloc[joint.train_rows(len(rows)) :])
    half = (q.high - q.low) / 2.0
    miss = (y - kept["curve"][0] - kept["curve"][1] * u) * half
    assert cost["together"] == pytest.approx(float((miss**2).mean() ** 0.5))
    assert cost["held_back"] == len(rows) - joint.train_rows(len(rows)) > 0
    assert cost["change"] == pytest.approx(
        2.0 ** (kept["curve"][1] * (q.high - q.low) / (q.x_high - q.x_low)) - 1.0
    )
    code, out = told(capsys, "node", "models", firm, "--lang", lang)
    assert (code, ("misses" if lang == "en" else "外れ") in out) == (0, True)
    page = TestClient(screen(Node(firm), lang), base_url="http://127.0.0.1:8770").get("/")
    shown = html.unescape(page.text)
    assert all(line.strip() in shown for line in out.splitlines()[:4])


def test_a_refinement_that_was_spoilt_is_named(answered, tmp_path, capsys):
    firm = shutil.copytree(answered.parent / "all" / "firm-1", tmp_path / "firm")
    (firm / "refined-parts.json").write_text("{}")
    code, out = told(capsys, "node", "models", firm)
    assert (code, "refined-parts.json" in out, "cannot be read" in out) == (2, True, True)


def test_a_committee_that_the_asker_did_not_compare_is_found(answered, tmp_path):
    def others(_, kept):
        kept["committee"] = ["0" * 64] * 3

    assert (f"case/{FILE}", "nodes.diff_signature") in spoilt(answered, tmp_path, others)


def spoilt(answered, tmp_path, change):
    """A copy in which something was changed and the checksums mended."""
    copy = shutil.copytree(answered, tmp_path / "copy")
    file = copy / "case" / FILE
    kept = json.loads(file.read_text())
    change(copy / "case", kept)
    file.write_text(json.dumps(kept, ensure_ascii=False, indent=1, sort_keys=True))
    old = read_manifest(copy)
    describe(copy, case=old.case, seed=old.seed, options=old.options, when=old.made["when"],
             figures=old.figures).write(copy)  # fmt: skip
    return {(d.file, d.key) for d in compare_answers(copy / "case")}


def test_an_altered_sum_and_a_missing_signature_are_found(answered, tmp_path):
    def more(_, kept):
        kept["answers"][0]["opened"]["values"][0] += 1000

    assert (f"case/{FILE}", "nodes.diff_signature") in spoilt(answered, tmp_path / "a", more)

    def twice(_, kept):
        kept["answers"][1]["proof"][0] = kept["answers"][1]["proof"][1]

    assert (f"case/{FILE}", "nodes.diff_signature") in spoilt(answered, tmp_path / "b", twice)


def test_a_figure_that_does_not_follow_from_the_answers_is_found(answered, tmp_path):
    def better(case, _):
        file = case / "products.csv"
        text = file.read_text()
        number = re.search(r",(\d\.\d+),", text)
        file.write_text(text.replace(number.group(0), ",0.5123,", 1))

    found = spoilt(answered, tmp_path, better)
    assert ("case/products.csv", "nodes.diff_derived") in found


def test_the_base_case_can_still_be_seen(answered):
    before = answered / "case" / "before"
    shipped = load("template").path
    assert {p.name for p in before.iterdir()} >= {"evidence.csv"}
    for file in before.iterdir():
        assert file.read_text() == (shipped / file.name).read_text()
