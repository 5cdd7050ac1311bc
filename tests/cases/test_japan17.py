"""The case of the seventeen fields holds what it must, and its figures fit one another."""

import numpy as np
import pytest

from kachisuji import cases


@pytest.fixture(scope="module")
def case():
    return cases.load("japan17")


@pytest.fixture(scope="module")
def base(case):
    """World sales of the base year and home's part of them, by segment (most likely values)."""
    t = case.tables
    sizes = t["markets"].query("year == @case.settings.base_year")
    sizes = sizes.set_index(["segment", "region"])["mode"]
    shares = t["shares"].set_index(["segment", "market"])["JPN"]
    frame = sizes.to_frame("size").join(shares.rename_axis(["segment", "region"]).rename("share"))
    return frame.assign(home=frame["size"] * frame["share"])


def mode(case, symbol):
    """Most likely value of a symbol by segment."""
    rows = case.tables["parameters"].query("symbol == @symbol")
    return rows.set_index("segment")["mode"]


def test_all_seventeen_fields_and_enough_of_everything(case):
    t = case.tables
    assert list(t["fields"]["field"]) == list(range(1, 18))
    assert set(t["segments"]["field"]) == set(range(1, 18))
    assert len(t["segments"]) >= 60
    assert len(t["instruments"]) >= 12
    assert len(t["products"]) >= 10
    assert not t["goals"].empty


@pytest.mark.parametrize(
    "name",
    [
        "merchant_ships",
        "naval_ships",
        "rare_earths",
        "carbon_fibre",
        "chip_materials",
        "logic_chips",
        "ai_base_models",
        "ai_applications",
        "ai_robots",
        "small_drones",
    ],
)
def test_segments_that_must_be_there(case, name):
    assert name in set(case.tables["segments"]["segment"])


def test_five_published_figures_a_field_with_address_and_date(case):
    dated = cases.dated_sources(case).loc[1:17]
    assert list(dated.index) == list(range(1, 18))
    assert dated["sources"].min() >= 5, dated
    assert (dated["figures"] >= dated["sources"]).all()


def test_no_two_segments_share_a_row_of_parameters(case):
    """Whole rows differ, and by more than one figure.

    A symbol that one rule sets alike for all segments is no copied figure, and is left out.
    """
    wide = case.tables["parameters"].pivot(index="segment", columns="symbol", values="mode")
    wide = wide.loc[:, wide.nunique() > 1]
    values = wide.to_numpy()
    for i in range(len(values)):
        same = (values[i + 1 :] == values[i]).sum(axis=1)
        both = (np.isfinite(values[i + 1 :]) & np.isfinite(values[i])).sum(axis=1)
        assert (same < 0.4 * both).all(), (wide.index[i], wide.index[i + 1 + same.argmax()])


def test_addresses_can_be_opened(case):
    for e in case.evidence.values():
        if e.address:
            assert e.address.startswith(("http://", "https://"))


def test_both_languages_are_there_and_differ(case):
    for table in ("segments", "instruments", "fields", "regions"):
        frame = case.tables[table]
        assert (frame["name_en"] != frame["name_ja"]).all()
    for e in case.evidence.values():
        assert e.statement_en.isascii() or e.statement_en != e.statement_ja
        assert not e.statement_ja.isascii()


def test_home_does_not_sell_more_in_the_niche_than_in_the_whole(case, base):
    part, edge = mode(case, "niche_share"), mode(case, "niche_edge")
    for segment, rows in base.groupby(level="segment"):
        s = rows["share"]
        in_niche = rows["size"] * part[segment] * edge[segment] * s / (1 - s + edge[segment] * s)
        assert in_niche.sum() <= rows["home"].sum() + 1e-9, segment


def test_tipping_numbers_are_realistic(case):
    """R = ε·b·ψ + ν + α·ι at the most likely values, for as many sellers as hold two percent."""
    rate, kappa = mode(case, "learning_rate"), mode(case, "kappa")
    sellers = case.tables["shares"].groupby("segment")[list(case.competitors)].mean().gt(0.02)
    n = sellers.sum(axis=1).clip(lower=2)
    psi = (1 - kappa) / (1 + kappa * (n - 1))
    nu = mode(case, "nu").reindex(rate.index).fillna(0.0)
    tipping = -np.log2(1 - rate) * mode(case, "epsilon") * psi
    tipping += nu + mode(case, "alpha") * mode(case, "iota")
    assert tipping.between(0.1, 1.3).all(), tipping[~tipping.between(0.1, 1.3)]


def test_a_worker_adds_a_plausible_value(case):
    """Value added of home sales per worker between 5 and 60 million yen."""
    skills = ("researcher", "digital", "craft", "general")
    workers = sum(mode(case, f"labour_{k}") for k in skills)
    recipes = case.tables["recipes"].query("sector == 'value_added'").set_index("segment")["share"]
    each = 1000 * recipes / workers  # million yen
    assert each.between(5, 60).all(), each[~each.between(5, 60)]


def test_what_is_assumed_is_wide(case):
    """Elasticities that no source gives have a range of at least half their value."""
    rows = case.tables["parameters"]
    kinds = rows["symbol"].isin(["epsilon", "alpha", "iota", "kappa", "learning_rate"])
    assumed = rows["evidence"].map(lambda e: case.evidence[e].grade == "assumed")
    part = rows[kinds & assumed & (rows["mode"] > 0)]
    width = (part["high"] - part["low"]) / part["mode"]
    assert width.min() >= 0.5


GAMMA = {"high": (0.10, 0.155, 0.18), "between": (0.057, 0.10, 0.13), "low": (0.03, 0.04, 0.07)}
"""Published elasticities of productivity to R&D by class of technology (E01-980, E00-1978)."""


def test_the_force_of_capability_follows_one_rule(case):
    """α = γ(ε + 1) in every segment, and its evidence says that it is carried over."""
    rows = case.tables["parameters"].set_index(["symbol", "segment"])
    three = ["low", "mode", "high"]
    alpha, epsilon = rows.loc["alpha"], rows.loc["epsilon"]
    count = dict.fromkeys(GAMMA, 0)
    for segment, row in alpha.iterrows():
        assert case.evidence[row["evidence"]].grade == "carried"
        scale = epsilon.loc[segment, three].to_numpy(float) + 1
        fits = [
            k
            for k, g in GAMMA.items()
            if np.allclose(row[three].astype(float), g * scale, atol=0.0051)
        ]
        assert fits, segment
        count[fits[0]] += 1
    assert min(count.values()) >= 5


def test_what_a_stockpile_buys_follows_from_the_case_and_the_target_in_days(case, base):
    """Sixty days of home sales at home over the instrument's years, per yen that firms spend."""
    spends = case.tables["rivals"].query("region == 'JPN'").set_index("segment")["spending_mode"]
    sold = base.xs("JPN", level="region")["home"]
    ratio = (sold / spends.reindex(sold.index)).quantile([0.25, 0.5, 0.75]).to_numpy()
    years = case.tables["instruments"].set_index("instrument").loc["stockpile", "duration"]
    bought = np.array([60, 60, 180]) / 365 / years * ratio
    rows = case.tables["effects"].query("instrument == 'stockpile' and lever == 'procurement'")
    np.testing.assert_allclose(rows[["low", "mode", "high"]].to_numpy()[0], bought, atol=0.004)


def test_packages_spend_about_what_the_intensity_says(case):
    """Money shares and purchases sum to at most about one, so that packages can be compared."""
    t = case.tables
    share = t["instruments"].set_index("instrument")["money_share"]
    bought = t["effects"].query("lever == 'procurement'").set_index("instrument")["mode"]
    for p in case.lines.packages:
        names = list(p.instruments)
        total = share[names].sum() + bought.reindex(names).fillna(0.0).sum()
        assert 0.4 <= total <= 1.15, p.id


def test_every_type_of_business_has_packages_alone_and_with_a_partner(case):
    joint = set(case.tables["effects"].query("lever in ['pooling', 'standards']")["instrument"])
    for business in set(case.tables["segments"]["business"]):
        fitting = [p for p in case.lines.packages if business in p.business or not p.business]
        together = [p for p in fitting if joint & set(p.instruments)]
        assert together
        assert len(fitting) - len(together) >= 2


def test_every_instrument_is_in_a_package(case):
    used = {i for p in case.lines.packages for i in p.instruments}
    assert used == set(case.tables["instruments"]["instrument"])


def test_civil_and_defence_share_by_the_declared_part_only(case):
    """Every link between a defence segment and another is of the kind dual use, and small."""
    use = case.tables["segments"].set_index("segment")["use"]
    links = case.tables["links"]
    across = (links["from"].map(use) == "defence") != (links["to"].map(use) == "defence")
    assert across.sum() >= 8
    assert (links[across]["kind"] == "dual_use").all()
    ships = links.query("`from` == 'merchant_ships' and to == 'naval_ships'").iloc[0]
    yards = links.query("`from` == 'merchant_ships' and to == 'lng_carriers'").iloc[0]
    assert ships["high"] < yards["mode"]


def test_china_is_a_partner_in_some_civil_segments_only(case):
    pairs = case.tables["partners"].query("partner == 'CHN'")["segment"].unique()
    use = case.tables["segments"].set_index("segment")["use"]
    assert 5 <= len(pairs) < len(use) / 3
    assert set(use[pairs]) == {"civil"}
    terms = case.tables["partner_terms"].query("partner == 'CHN' and symbol == 'usable'")
    assert set(terms["segment"]) == set(pairs)
    assert (terms["high"] < 1).all()


def test_india_is_a_site_of_suppliers_with_quality_and_maintenance(case):
    terms = case.tables["partner_terms"].query("partner == 'IND'")
    for _, rows in terms.groupby("segment"):
        assert {"site_part", "site_saving", "site_quality", "site_maintenance"} <= set(
            rows["symbol"]
        )
