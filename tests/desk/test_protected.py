"""A case with protected answers: what is replaced, what is not, and what the report says."""

import dataclasses
import json
import shutil
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from kachisuji.cases import load
from kachisuji.constellation.answers import answer
from kachisuji.constellation.contributions import contribution
from kachisuji.constellation.questions import Question
from kachisuji.constellation.synthetic import firms
from kachisuji.desk.constellation import answered_case
from kachisuji.desk.constellation.demo import world
from kachisuji.desk.constellation.protected import FILE, derive
from kachisuji.desk.report.names import Names
from kachisuji.desk.report.sections.protected import protected
from kachisuji.desk.telling import Telling
from kachisuji.words import InputError
from tests.constellation.conftest import seeded


class NextDoor:
    """Asks firms without a network: the same contributions, law of noise and answers."""

    def __init__(self, tables, quiet=False):
        self.tables, self.quiet, self.draw = tables, quiet, seeded(0)
        self.client = SimpleNamespace(url="https://127.0.0.1:8443")
        self.asked, self.authority, self.committee = 0, b"", ()

    def ask(self, question: Question, *, today):
        assert today
        self.asked += 1
        own = [contribution(question, t[question.table]) for t in self.tables]
        if question.kind == "learning":  # nodes without the process take no part
            process = question.groups["process"][0]
            own = [v for v, t in zip(own, self.tables, strict=True)
                   if (t["production"]["process"] == process).any()]  # fmt: skip
        total = np.sum(own, axis=0)
        if not self.quiet:
            total = total + sum(self.draw(question) for _ in range(3))
        said = {"values": total.tolist(), "kept": [True] * len(own)}
        return answer(f"q{self.asked}", question, said)


@pytest.fixture(scope="module")
def case():
    return load("japan17")


@pytest.fixture(scope="module")
def tables(case):
    made = world(case)
    return firms(12, made.products, made.processes, made.recipes, seed=0)


@pytest.fixture(scope="module")
def derived(case, tables, tmp_path_factory):
    return derive(case, tmp_path_factory.mktemp("derived") / "case", NextDoor(tables))


def test_the_copy_is_a_sound_case_with_measured_figures(case, derived):
    again = load(derived)
    kept = json.loads((derived / FILE).read_text())
    changed = {(c["table"], *c["key"]) for c in kept["changes"]}
    assert {("products", "dram"), ("products", "ndfeb_magnets")} <= changed
    row = again.tables["products"].set_index("product").loc["dram"]
    proof = again.evidence[row["evidence"]]
    assert proof.grade == "protected"
    assert "protecting noise" in proof.statement_en
    assert "保護の雑音" in proof.statement_ja
    assert again.grades()["protected"].sum() > 10
    untouched = "gi_endoscopes"  # no firm buys it: noise alone replaces nothing
    before, after = (
        c.tables["products"].set_index("product").loc[untouched] for c in (case, again)
    )
    assert before.equals(after)
    assert sum(a["question"]["epsilon"] for a in kept["answers"]) <= 12


def test_stock_of_the_copy_is_that_of_the_firms(tables, derived):
    kept = json.loads((derived / FILE).read_text())
    bought = pd.concat([t["purchases"] for t in tables]).query("product == 'dram'")
    value = bought["value_million_yen"].clip(upper=10.0)
    months = float((value * bought["stock_days"]).sum() / value.sum() / 30.4375)
    change = next(c for c in kept["changes"] if c["key"] == ["dram"] and c["quantity"] == "stock")
    assert change["after"][0] <= change["after"][1] <= change["after"][2]
    assert abs(change["after"][1] - months) < 4 * change["noise"]
    for row in kept["exposure"]["rows"]:
        assert row["shortage"][0] <= row["shortage"][1] <= row["shortage"][2]
        assert row["holder"] != "JPN"


def test_origins_of_the_firms_enter_every_future_with_their_noise(case, tables, derived):
    """``d`` of the nodes takes the place of world shares in the kernel; noise is drawn."""
    from kachisuji.contest import ContestModel, quantities

    again = load(derived)
    bought = pd.concat([t["purchases"] for t in tables]).query("product == 'dram'")
    value = bought["value_million_yen"].clip(upper=10.0)
    truth = value.groupby(bought["origin"]).sum() / value.sum()
    rows = again.tables["origins"].query("product == 'dram'").set_index("region")
    assert set(rows.index) == set(case.competitors)
    for region, row in rows.iterrows():
        noise = (row["high"] - row["mode"]) / 1.96
        assert abs(row["mode"] - truth.get(region, 0.0)) < 5 * noise
    named = quantities.collect(again)
    group = [k for k, q in enumerate(named) if q.group == "origins"]
    assert len(group) > 20
    cube = np.full((64, len(named)), 0.5)
    cube[:, group] = np.random.default_rng(0).uniform(size=(64, len(group)))  # only this noise
    segment = again.tables["products"].set_index("product").loc["dram", "segment"]

    def exposure(of, draws):
        model = ContestModel(of, of.economy)
        mine = np.flatnonzero(model.lines["segment"] == segment)[:4]
        return model(draws, mine).scalars["exposure"]

    varied = exposure(again, cube)
    plain = exposure(case, np.full((1, len(quantities.collect(case))), 0.5))
    assert (np.ptp(varied, axis=1) > 0).all()
    assert not np.allclose(varied.mean(axis=1), plain[:, 0], rtol=0.01)


def test_what_exposure_was_and_is_and_what_noise_costs(derived, case):
    kept = json.loads((derived / FILE).read_text())
    found = kept["exposure"]
    assert {r["product"] for r in found["rows"]} == {o["product"] for o in kept["origins"]}
    for row in found["rows"]:
        assert 0 <= row["noise"] <= 1
        assert row["share_before"] != row["share"]
    assert 0 < found["yearly_noise"] < 1  # odds of withholding vary besides
    assert found["yearly_before"] != found["yearly"]


def test_learning_rates_are_found_where_months_are_on_record(case, tables, tmp_path):
    folder = derive(case, tmp_path / "case", NextDoor(tables, quiet=True))
    kept = json.loads((folder / FILE).read_text())
    found = {
        c["key"][0]: c["after"][1] for c in kept["changes"] if c["quantity"] == "learning_rate"
    }
    truth = {p: 1 - 2**-b for p, b in world(case).processes.items()}
    assert len(found) >= 2  # a narrow range of the case's own is kept
    for process, rate in found.items():
        assert rate == pytest.approx(truth[process], abs=0.06)
    decay = [c for c in kept["changes"] if c["quantity"] == "craft_decay"]
    assert decay
    assert all(0.01 < c["after"][1] < 0.06 for c in decay)


def test_the_recipe_of_the_nodes_goes_into_the_case_and_its_noise_into_the_futures(
    case, tables, derived, tmp_path
):
    """Weighed by precision; where the noise happens to be none, nearer to the firms' own."""
    (segment,) = world(case).recipes
    before = case.tables["recipes"].query("segment == @segment").set_index("sector")["share"]
    firm = pd.concat([t["recipe"] for t in tables]).groupby("input")["share"].mean()
    for quiet in (False, True):
        folder = derive(case, tmp_path / str(quiet), NextDoor(tables, quiet)) if quiet else derived
        again, kept = load(folder), json.loads((folder / FILE).read_text())
        (row,) = kept["recipes"]
        assert row["segment"] == segment
        after = again.tables["recipes"].query("segment == @segment").set_index("sector")["share"]
        assert after.sum() == pytest.approx(1.0, abs=1e-9)
        assert 0.05 < row["weight"] < 0.9
        assert 0 < row["own_noise"] < row["own_deviation"]
        if quiet:
            assert ((after - firm) ** 2).sum() < ((before - firm) ** 2).sum()
        given = again.tables["parameters"].query("segment == @segment").set_index("symbol")
        assert given.loc["recipe_own", "high"] == pytest.approx(
            1.96 * row["own_deviation"], rel=1e-3
        )
        others = again.tables["recipes"].query("segment != @segment")["share"]
        assert others.equals(case.tables["recipes"].query("segment != @segment")["share"])


def test_a_recipe_moves_the_value_added_of_a_sale_in_every_future(case, derived):
    from kachisuji.contest import quantities
    from kachisuji.contest.build import contest_economy, recipe_value

    (segment,) = world(case).recipes
    again = load(derived)
    k = list(case.tables["segments"]["segment"]).index(segment)
    a, b = (recipe_value(c, contest_economy(c, c.economy))[k] for c in (case, again))
    assert not np.allclose(a, b)
    names = {q.name for q in quantities.collect(again)}
    assert {f"{segment}.recipe_own", f"{segment}.recipe_suppliers"} <= names


def test_questions_that_owners_refuse_are_left_out_and_told(case, tables, tmp_path):
    class Choosy(NextDoor):
        def ask(self, question, *, today):
            if question.kind in ("recipe", "learning"):
                raise InputError("constellation.too_few", want=5)
            return super().ask(question, today=today)

    folder = derive(case, tmp_path / "case", Choosy(tables))
    kept = json.loads((folder / FILE).read_text())
    assert kept["refused"][0] == "recipe"
    assert not kept["recipes"]
    assert kept["changes"]


def test_noise_alone_replaces_nothing_and_is_told(case, tables, tmp_path):
    nothing = [{k: t.iloc[:0] for k, t in firm.items()} for firm in tables]
    with pytest.raises(InputError, match="told from noise"):
        derive(case, tmp_path / "case", NextDoor(nothing, quiet=True))


def test_a_constellation_without_an_asker_is_a_sentence():
    with (
        pytest.raises(InputError, match="asker"),
        answered_case("japan17", "https://a", None, 30.0, None),
    ):
        pass
    with answered_case("japan17", "", None, 30.0, Telling("en")) as case:
        assert case == "japan17"


def test_the_report_says_what_changed_and_what_noise_costs(stored, derived, tmp_path):
    copy = shutil.copytree(stored.folder, tmp_path / "run")
    names = Names(load("japan17"))
    run = dataclasses.replace(stored, folder=copy, case=load("japan17"))
    assert protected(run, names) is None
    shutil.copy(derived / FILE, copy / "case" / FILE)
    section = protected(run, names)
    assert len(section["changes"]) > 5
    assert "保護の雑音" in section["cost"].ja
    assert section["exposure"]
    (recipe,) = section["recipes"]
    assert "→" in recipe["own"].en
    assert section["refused"] is None
