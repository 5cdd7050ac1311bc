"""Exports taken apart: published figures, the papers' formulas with plain inverses, laws."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kachisuji.accounts import Concordance
from kachisuji.structure import (
    decompose_exports,
    extract,
    participation,
    value_added_exports,
    vertical_specialisation,
)
from kachisuji.structure.exports import METHODS, PERIMETERS
from kachisuji.words import InputError
from tests.structure.tables import GOLDEN, icio_test_table, random_economy

OWN = "structure.own_importer"
SEEDS = st.integers(0, 10**6)
R, S = 4, 2


class Plain:
    """A table's parts in the papers' notation, by dense inverses and nothing clever."""

    def __init__(self, table):
        self.A = table.Z / table.x
        self.B = np.linalg.inv(np.eye(table.n) - self.A)
        self.v, self.Y, self.x = table.v, table.final_by_region, table.x

    def block(self, M, s, r):
        return M[s * S : (s + 1) * S, r * S : (r + 1) * S]

    def L(self, r):
        return np.linalg.inv(np.eye(S) - self.block(self.A, r, r))

    def V(self, s):
        return self.v[s * S : (s + 1) * S]

    def y(self, s, r):
        return self.Y[s * S : (s + 1) * S, r]

    def X(self, r):
        return self.x[r * S : (r + 1) * S]

    def E(self, s, r):
        return self.y(s, r) + self.block(self.A, s, r) @ self.X(r)

    def others(self, *without):
        return [t for t in range(R) if t not in without]

    def without(self, s, r=None, i=None):
        """The inverse with some of s's intermediate exports taken out."""
        A = self.A.copy()
        rows = slice(s * S, (s + 1) * S) if i is None else slice(s * S + i, s * S + i + 1)
        for t in self.others(s) if r is None else [r]:
            A[rows, t * S : (t + 1) * S] = 0
        return np.linalg.inv(np.eye(len(A)) - A)


def the_rows(frame, r):
    return frame.xs(f"R{r}", level="region")


def economy(seed):
    return random_economy(seed, R=R, S=S)


@pytest.mark.data
@pytest.mark.parametrize("method", ["bm-source", "bm-sink"])
def test_spain_as_exvatools_has_it(full_data, method):
    total = decompose_exports(icio_test_table(full_data), "ESP", method=method).sum()
    for term, value in GOLDEN["exvatools"].items():
        if term != "source":
            assert total[term] == pytest.approx(value, abs=0.006), term


@pytest.mark.data
@pytest.mark.parametrize("method", ["bm-source", "bm-sink"])
def test_several_regions_as_one_exporter_as_exvatools_has_them(full_data, method):
    table, want = icio_test_table(full_data), GOLDEN["exvatools_groups"]
    groups = {"CHN": ("CHN", "CN1", "CN2"), "NAFTA": ("USA", "MEX", "MX1", "MX2")}
    for name, members in groups.items():
        got = decompose_exports(table, members, method=method).sum()
        for term, value in want[name].items():
            assert got[term] == pytest.approx(value, abs=0.006), (name, term)
    for name, members in {"ESP": "ESP", "EU27": ("ESP", "FRA")}.items():
        got = decompose_exports(table, members, perimeter="world").sum()
        for term, value in want[f"world_{name}"].items():
            assert got[term] == pytest.approx(value, abs=0.006), (name, term)


@pytest.mark.data
def test_countries_split_by_kind_of_firm_as_exvatools_has_them(full_data):
    table, want = icio_test_table(full_data), GOLDEN["exvatools_groups"]
    parts = {"MX1": "MEX", "MX2": "MEX", "CN1": "CHN", "CN2": "CHN"}
    for name, members in {"ESP": "ESP", "CHN": "CHN", "NAFTA": ("USA", "MEX")}.items():
        frame = decompose_exports(table, members, method="wwz", countries=parts)
        assert "CN1" not in frame.index.get_level_values("region")
        got = frame.sum()
        sums = {
            "EXGR": ["EXGR"],
            "DVA": [c for c in got.index if c.startswith(("DVA", "RDV"))],
            "REF": [c for c in got.index if c.startswith("RDV")],
            "DDC": ["DDC_FIN", "DDC_INT"],
            "FVA": ["MVA_FIN", "MVA_INT", "OVA_FIN", "OVA_INT"],
            "FDC": ["MDC", "ODC"],
        }
        for term, columns in sums.items():
            assert got[columns].sum() == pytest.approx(want[f"wwz_{name}"][term], abs=0.006)
    share = participation(table, countries=parts)
    for name in ("ESP", "CHN"):
        one, figures = share.loc[name], want[f"participation_{name}"]
        assert one["backward"] + one["forward"] == pytest.approx(figures["gvc"], abs=0.006)
        for column in ("backward", "forward"):
            assert one[column] == pytest.approx(figures[column], abs=0.006)
        assert one["VS1_share"] * one["exports"] == pytest.approx(figures["VS1"], abs=0.006)


@given(
    seed=SEEDS, method=st.sampled_from(METHODS), perimeter=st.sampled_from(PERIMETERS),
    share=st.floats(0.1, 0.9),
)  # fmt: skip
@settings(max_examples=40)
def test_a_country_cut_in_two_is_the_same_country(seed, method, perimeter, share):
    table = economy(seed)
    cut = {r: {r: 1.0} for r in table.regions} | {"R1": {"R1a": share, "R1b": 1 - share}}
    two = table.aggregate(regions=Concordance(cut))
    parts = {"R1a": "R1", "R1b": "R1"}
    for exporter in ("R0", "R1", ("R1", "R2")):
        whole = decompose_exports(table, exporter, method=method, perimeter=perimeter)
        again = decompose_exports(
            two, exporter, method=method, perimeter=perimeter, countries=parts
        )
        assert list(again.index) == list(whole.index)
        np.testing.assert_allclose(again, whole, rtol=1e-9, atol=1e-9 * whole["EXGR"].sum())
    np.testing.assert_allclose(participation(two, countries=parts), participation(table))


@pytest.mark.data
def test_an_economy_split_by_kind_of_firm_is_one_exporter(full_data):
    table = icio_test_table(full_data)
    joined = table.aggregate(
        regions={r: {"MX1": "MEX", "MX2": "MEX"}.get(r, r) for r in table.regions}
    )
    split = decompose_exports(table, ("MEX", "MX1", "MX2")).sum()
    assert split["EXGR"] == pytest.approx(decompose_exports(joined, "MEX").sum()["EXGR"])
    apart = sum(decompose_exports(table, r).sum()["EXGR"] for r in ("MEX", "MX1", "MX2"))
    assert split["EXGR"] < apart  # what one kind of firm sells to the other is no export


@given(seed=SEEDS)
@settings(max_examples=25)
def test_source_and_sink_by_the_formulas(seed):
    table = economy(seed)
    p = Plain(table)
    s, r = seed % R, (seed + 1) % R
    E = p.E(s, r)
    block, V = p.block, p.V
    for perimeter, changed in (
        ("exporter", [p.without(s)] * S),
        ("bilateral", [p.without(s, r)] * S),
        ("sectoral", [p.without(s, None, i) for i in range(S)]),
        ("sectoral-bilateral", [p.without(s, r, i) for i in range(S)]),
    ):
        source = the_rows(decompose_exports(table, f"R{s}", perimeter=perimeter), r)
        sink = the_rows(decompose_exports(table, f"R{s}", method="bm-sink", perimeter=perimeter), r)
        for i in range(S):
            less = changed[i]
            own = (V(s) @ block(less, s, s))[i]
            assert source["DVA"].iloc[i] == pytest.approx(own * E[i])
            foreign = sum((V(t) @ block(less, t, s))[i] for t in p.others(s))
            assert source["FVA"].iloc[i] == pytest.approx(foreign * E[i])
            home = block(p.A, s, r) @ sum(block(p.B, r, k) @ p.y(k, s) for k in range(R))
            assert source["REF"].iloc[i] == pytest.approx(own * home[i])
            # the perimeter's exports as if they were final demand, followed on from r
            whole = np.zeros(R * S)
            rows = {"exporter": range(S), "bilateral": range(S)}.get(perimeter, [i])
            for t in p.others(s) if perimeter in ("exporter", "sectoral") else [r]:
                whole[[s * S + k for k in rows]] += p.E(s, t)[list(rows)]
            again = block(p.A, s, r)[i] @ (less @ whole)[r * S : (r + 1) * S]
            content = (V(s) @ block(p.B, s, s))[i]
            assert sink["DVA"].iloc[i] == pytest.approx(content * (E[i] - again))
            assert sink["FDC"].iloc[i] == pytest.approx((1 - content) * again)


@given(seed=SEEDS)
@settings(max_examples=25)
def test_sixteen_terms_by_the_formulas(seed):
    table = economy(seed)
    p = Plain(table)
    s, r = seed % R, (seed + 1) % R
    third = p.others(s, r)
    A, B, y = p.block(p.A, s, r), lambda a, b: p.block(p.B, a, b), p.y
    VB = lambda t: p.V(t) @ B(t, s)  # noqa: E731
    VL = p.V(s) @ p.L(s)
    sent = sum(p.E(r, t) for t in p.others(r))
    foreign = sum(VB(t) for t in third)
    want = {
        "DVA_FIN": VB(s) * y(s, r),
        "DVA_INT": VL * (A @ B(r, r) @ y(r, r)),
        "DVA_INTrexI1": VL * (A @ sum(B(r, t) @ y(t, t) for t in third)),
        "DVA_INTrexF": VL * (A @ B(r, r) @ sum(y(r, t) for t in third)),
        "DVA_INTrexI2": VL
        * (A @ sum(B(r, t) @ sum(y(t, u) for u in p.others(s, t)) for t in third)),
        # what comes home: in the importer's final goods, in those of others, as inputs
        "RDV_FIN": VL * (A @ B(r, r) @ y(r, s)),
        "RDV_FIN2": VL * (A @ sum(B(r, t) @ y(t, s) for t in third)),
        "RDV_INT": VL * (A @ B(r, s) @ y(s, s)),
        "DDC_FIN": VL * (A @ B(r, s) @ sum(y(s, t) for t in p.others(s))),
        "DDC_INT": (VB(s) - VL) * (A @ p.X(r)),
        "MVA_FIN": VB(r) * y(s, r),
        "MVA_INT": VB(r) * (A @ p.L(r) @ y(r, r)),
        "MDC": VB(r) * (A @ p.L(r) @ sent),
        "OVA_FIN": foreign * y(s, r),
        "OVA_INT": foreign * (A @ p.L(r) @ y(r, r)),
        "ODC": foreign * (A @ p.L(r) @ sent),
    }
    got = the_rows(decompose_exports(table, f"R{s}", method="wwz"), r)
    assert list(got.columns[1:]) == list(want)  # the paper's order, names as in decompr
    scale = p.E(s, r).max()
    np.testing.assert_allclose(got[list(want)].T, list(want.values()), rtol=1e-9, atol=1e-9 * scale)


@given(seed=SEEDS)
@settings(max_examples=25)
def test_nine_terms_by_the_formulas(seed):
    table = economy(seed)
    p = Plain(table)
    s = seed % R
    out, y = p.others(s), p.y
    B, A = lambda a, b: p.block(p.B, a, b), lambda a, b: p.block(p.A, a, b)
    sent = lambda r: sum(p.E(r, t) for t in p.others(r))  # noqa: E731
    V = p.V(s)
    want = [
        V @ sum(B(s, s) @ y(s, r) for r in out),
        V @ sum(B(s, r) @ y(r, r) for r in out),
        V @ sum(B(s, r) @ y(r, t) for r in out for t in p.others(s, r)),
        V @ sum(B(s, r) @ y(r, s) for r in out),
        V @ sum(B(s, r) @ A(r, s) @ p.L(s) @ y(s, s) for r in out),
        V @ sum(B(s, r) @ A(r, s) @ p.L(s) @ sent(s) for r in out),
        sum(p.V(t) @ B(t, s) @ y(s, r) for t in out for r in out),
        sum(p.V(t) @ B(t, s) @ A(s, r) @ p.L(r) @ y(r, r) for t in out for r in out),
        sum(p.V(t) @ B(t, s) @ A(s, r) @ p.L(r) @ sent(r) for t in out for r in out),
    ]
    got = decompose_exports(table, f"R{s}", method="kww")
    np.testing.assert_allclose(got.iloc[0, 1:].astype(float), want, rtol=1e-9)


@given(seed=SEEDS, method=st.sampled_from(METHODS), perimeter=st.sampled_from(PERIMETERS))
def test_terms_add_up_to_gross_exports(seed, method, perimeter):
    table = random_economy(seed, R=R, S=S, density=0.5)
    frame = decompose_exports(table, "R0", method=method, perimeter=perimeter)
    total = frame[list(frame.attrs["terms"])].sum(axis=1)
    np.testing.assert_allclose(total, frame["EXGR"], rtol=1e-9, atol=1e-9)
    assert frame["EXGR"].sum() == pytest.approx(table.exports[:S].sum(), rel=1e-12)


@pytest.mark.slow
@given(seed=SEEDS)
def test_how_the_methods_hang_together(seed):
    table = economy(seed)
    total = {m: decompose_exports(table, "R1", method=m).sum() for m in METHODS}
    source, sink, wwz, kww = (total[m] for m in METHODS)
    np.testing.assert_allclose(source, sink)  # for all exports together they are one
    vax = value_added_exports(table).loc["R1"].to_numpy().sum()
    assert source["VAX"] == pytest.approx(vax)
    assert kww[["T1", "T2", "T3"]].sum() == pytest.approx(vax)
    assert wwz[["RDV_INT", "RDV_FIN", "RDV_FIN2"]].sum() == pytest.approx(source["REF"])
    assert wwz[["DDC_FIN", "DDC_INT"]].sum() == pytest.approx(source["DDC"])
    # table E2 of Wang, Wei and Zhu, as decompr's wwz2kww has it
    sums = {
        "T1": ["DVA_FIN"],
        "T2": ["DVA_INT", "DVA_INTrexI1"],
        "T3": ["DVA_INTrexF", "DVA_INTrexI2"],
        "T4": ["RDV_FIN", "RDV_FIN2"],
        "T5": ["RDV_INT"],
        "T6": ["DDC_FIN", "DDC_INT"],
        "T7": ["MVA_FIN", "OVA_FIN"],
        "T8": ["MVA_INT", "OVA_INT"],
        "T9": ["MDC", "ODC"],
    }
    for term, parts in sums.items():
        assert wwz[parts].sum() == pytest.approx(kww[term]), term
    # the nine terms count foreign value as seen from the world, the last time it crosses a border
    world = decompose_exports(table, "R1", method="bm-sink", perimeter="world").sum()
    assert world["FVA"] == pytest.approx(kww["T7"] + kww["T8"])
    assert kww["T6"] == pytest.approx(source["DDC"])
    assert kww[["T7", "T8", "T9"]].sum() == pytest.approx(source["FC"])
    # taking the exports out of the table loses just the domestic value added in them
    lost = extract(table, "R1", kind="exports")["R1"].sum()
    assert source["DVA"] == pytest.approx(lost)
    vs = vertical_specialisation(table).loc["R1"]
    assert vs["VS"].sum() == pytest.approx(source["EXGR"] - source["DVA"])
    share = participation(table).loc["R1"]
    assert share["backward_share"] == pytest.approx(vs["VS"].sum() / source["EXGR"])
    assert share["FC_share"] == pytest.approx(source["FC"] / source["EXGR"])
    gvc = share["DAVAX"] + share["backward"] + share["forward"]
    assert gvc == pytest.approx(source["EXGR"])


@given(seed=SEEDS)
def test_world_perimeter_counts_world_value_added_once(seed):
    table = economy(seed)
    for method in ("bm-source", "bm-sink"):
        frames = [
            decompose_exports(table, r, method=method, perimeter="world").sum()
            for r in table.regions
        ]
        once = sum(f["DVA"] + f["FVA"] for f in frames)
        # what crosses any border, each unit of value added once
        alone = 0.0
        for region in table.regions:
            block, e = table.block(region), table.exports[table.rows(region)].sum(1)
            alone += block.v @ np.linalg.solve(np.eye(S) - block.A, e)
        assert once == pytest.approx(alone)


def test_an_exporter_that_sells_from_stocks_only():
    table = economy(8)
    Z, Y = np.array(table.Z), np.array(table.Y)
    Z[3], Z[:, 3], Y[3] = 0, 0, 0
    Y[3, 1], Y[3, 4] = -5, 5  # R1 s1 makes nothing and sells five out of stocks to R2
    table = replace(table, Z=Z, Y=Y)
    for method in METHODS:
        frame = decompose_exports(table, "R1", method=method)
        total = frame[list(frame.attrs["terms"])].sum(axis=1)
        np.testing.assert_allclose(total, frame["EXGR"], rtol=1e-9)


def test_choosing_rows():
    table = economy(1)
    every = decompose_exports(table, "R1")
    assert decompose_exports(table, ["R1", "R1"]).equals(every)  # named twice, counted once
    one = decompose_exports(table, "R1", "R2", "s1")
    assert list(one.index) == [("R2", "s1")]
    np.testing.assert_array_equal(one, every.loc[[("R2", "s1")]])
    assert "R1" not in every.index.get_level_values("region")


@pytest.mark.parametrize(
    ("given_", "key"),
    [
        ({"exporter": "R1", "method": "bm"}, "structure.choice"),
        ({"exporter": "R1", "perimeter": "city"}, "structure.choice"),
        ({"exporter": "R9"}, "accounts.unknown_label"),
        ({"exporter": 1}, "accounts.argument_kind"),
        ({"exporter": "R1", "countries": {"R9": "R1"}}, "accounts.unknown_label"),
        ({"exporter": "R1", "countries": {"R1": "X"}}, "accounts.unknown_label"),
        ({"exporter": "X", "countries": "R1"}, "accounts.argument_kind"),
        ({"exporter": "X", "importer": "X", "countries": {"R1": "X", "R2": "X"}}, OWN),
        ({"exporter": None}, "accounts.argument_kind"),
        ({"exporter": ()}, "accounts.unknown_label"),
        ({"exporter": "R1", "importer": "R1"}, "structure.own_importer"),
        ({"exporter": "R1", "importer": "R2", "method": "kww"}, "structure.kww_total"),
        ({"exporter": ("R0", "R1", "R2", "R3")}, "structure.no_exports"),
    ],
)
def test_what_it_refuses(given_, key):
    with pytest.raises(InputError) as caught:
        decompose_exports(economy(1), **given_)
    assert caught.value.key == key
