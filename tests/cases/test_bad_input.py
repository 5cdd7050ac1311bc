"""Every bad input of the list: file, row, column and remedy, in both languages."""

import shutil

import pytest

from kachisuji import cases
from kachisuji.words import InputError


def only(folder, key):
    """Return the one problem, with its key; check that it can be told in both languages."""
    found = folder.problems()
    assert [p.key for p in found] == [key], "\n".join(map(str, found))
    problem = found[0]
    for lang in ("en", "ja"):
        assert "{" not in problem.in_lang(lang)
        assert len(problem.in_lang(lang).splitlines()) >= 2
    return problem


def place(problem):
    """File name, row and column of a problem."""
    return problem.file.rsplit("/", 1)[-1], problem.row, problem.column


@pytest.mark.parametrize("name", [*(f"{t}.csv" for t in cases.tables()), "case.toml", "lines.toml"])
def test_a_missing_file_is_named(tiny_case, name):
    tiny_case.file(name).unlink()
    first = tiny_case.problems()[0]
    assert first.key == "cases.no_file"
    assert place(first) == (name, None, None)


@pytest.mark.parametrize("name", ["markets.csv", "case.toml", "lines.toml", "goals.csv"])
@pytest.mark.parametrize("content", [b"", b" \n\n"])
def test_an_empty_file_is_named(tiny_case, name, content):
    tiny_case.file(name).write_bytes(content)
    first = tiny_case.problems()[0]
    key = "cases.empty_settings" if name.endswith(".toml") else "cases.empty_file"
    assert (first.key, place(first)[0]) == (key, name)


def test_a_folder_in_place_of_a_file(tiny_case):
    tiny_case.file("goals").unlink()
    tiny_case.file("goals").mkdir()
    assert place(only(tiny_case, "cases.unreadable"))[0] == "goals.csv"


def test_a_case_folder_that_is_a_file(tiny_case):
    with pytest.raises(InputError) as caught:
        cases.load(tiny_case.file("markets"))
    assert caught.value.key == "cases.not_a_folder"


def test_a_run_in_place_of_a_case_is_told_where_its_case_lies(tmp_path):
    (tmp_path / "run" / "case").mkdir(parents=True)
    (tmp_path / "run" / "case" / "case.toml").write_text("")
    with pytest.raises(InputError) as caught:
        cases.load(tmp_path / "run")
    assert caught.value.key == "cases.run_folder"
    assert str(tmp_path / "run" / "case") in caught.value.in_lang("ja")


def test_a_case_that_is_not_there(tmp_path):
    with pytest.raises(InputError) as caught:
        cases.load(tmp_path / "nothing")
    assert caught.value.key == "cases.no_case"


def test_an_empty_folder_names_every_file(tmp_path):
    (tmp_path / "void").mkdir()
    with pytest.raises(cases.CaseError) as caught:
        cases.load(tmp_path / "void")
    assert len(caught.value.problems) == len(cases.tables()) + 2


def test_a_header_alone_is_an_empty_case(tiny_case):
    tiny_case.write("segments", tiny_case.rows("segments")[:1])
    first = tiny_case.problems()[0]
    assert (first.key, place(first)[0]) == ("cases.no_rows", "segments.csv")


@pytest.mark.parametrize("table", ["goals", "partners"])
def test_tables_that_may_have_no_rows(tiny_case, table):
    tiny_case.write(table, tiny_case.rows(table)[:1])
    assert tiny_case.problems() == []


@pytest.mark.parametrize(
    ("codec", "name"),
    [("cp932", "Shift_JIS"), ("euc_jp", "EUC-JP"), ("utf-16", "UTF-16")],
)
def test_a_wrong_encoding_is_named(tiny_case, codec, name):
    text = tiny_case.file("fields").read_text(encoding="utf-8")
    tiny_case.file("fields").write_bytes(text.encode(codec))
    first = tiny_case.problems()[0]
    assert (first.key, place(first)[0]) == ("cases.encoding", "fields.csv")
    assert first.values["got"] == name


def test_no_spreadsheet_is_offered_for_settings(tiny_case):
    """Settings are written in an editor: the remedy must not send to a spreadsheet."""
    text = "# 設定\n" + tiny_case.file("case.toml").read_text(encoding="utf-8")
    tiny_case.file("case.toml").write_bytes(text.encode("cp932"))
    first = tiny_case.problems()[0]
    assert (first.key, place(first)[0]) == ("cases.settings_encoding", "case.toml")
    assert not any("Excel" in first.in_lang(lang) for lang in ("en", "ja"))


def test_several_columns_are_told_as_several():
    place = {"file": "links.csv", "row": 3, "got": "a", "first": 2}
    error = InputError("cases.key_twice", column="from, to", **place)
    assert "row 3, columns from, to" in error.in_lang("en")
    one = InputError("cases.key_twice", column="from", **place)
    assert "row 3, column from:" in one.in_lang("en")


def test_what_is_no_text(tiny_case):
    tiny_case.file("fields").write_bytes(b"PK\x03\x04\x00\x00\xff\xfe\x81")
    assert tiny_case.problems()[0].key == "cases.not_text"


def test_a_wrong_column_with_the_right_name_beside_it(tiny_case):
    tiny_case.swap("markets.csv", "region", "regoin")
    first, second = tiny_case.problems()[:2]
    assert (first.key, place(first)) == ("cases.wrong_column", ("markets.csv", 1, "regoin"))
    assert first.values["known"].startswith("region")
    assert (second.key, place(second)) == ("cases.missing_column", ("markets.csv", 1, "region"))


def test_a_column_twice(tiny_case):
    tiny_case.swap("goals.csv", "statement_en", "unit")
    keys = [p.key for p in tiny_case.problems()]
    assert "cases.column_twice" in keys


def test_a_missing_column_of_a_region(tiny_case):
    tiny_case.write("product_shares", [[*r[:3], *r[4:]] for r in tiny_case.rows("product_shares")])
    first = tiny_case.problems()[0]
    assert place(first) == ("product_shares.csv", 1, "REST")
    assert first.key == "cases.missing_region"


def test_a_row_too_short(tiny_case):
    line = tiny_case.add("goals", ["one", "parts"])
    assert place(only(tiny_case, "cases.row_length")) == ("goals.csv", line, None)


def test_a_quotation_mark_left_open(tiny_case):
    with tiny_case.file("goals").open("a", encoding="utf-8") as f:
        f.write('"g2,parts\n')
    assert only(tiny_case, "cases.not_csv").file.endswith("goals.csv")


@pytest.mark.parametrize(
    ("table", "column", "value", "key"),
    [
        ("markets", "mode", "many", "cases.not_number"),
        ("markets", "mode", "1,000", "cases.not_number"),
        ("markets", "mode", "1_000", "cases.not_number"),
        ("markets", "mode", "nan", "cases.not_number"),
        ("markets", "mode", "inf", "cases.not_number"),
        ("markets", "mode", "1e999", "cases.not_number"),
        ("markets", "mode", "30%", "cases.not_number"),
        ("markets", "mode", "", "cases.missing_cell"),
        ("markets", "year", "2025.0", "cases.not_integer"),
        ("markets", "low", "-5", "cases.below"),
        ("rivals", "reaction_high", "2.5", "cases.above"),
        ("regions", "competitor", "yes", "cases.not_choice"),
        ("segments", "stage", "old", "cases.not_choice"),
        ("segments", "segment", "ma chine", "cases.not_identifier"),
        ("products", "essentiality", "0.7", "cases.not_choice"),
        ("products", "users", "c13;c13", "cases.listed_twice"),
        ("parameters", "symbol", "epsilom", "cases.unknown_symbol"),
        ("evidence", "grade", "guess", "cases.not_choice"),
    ],
)
def test_a_bad_cell(tiny_case, table, column, value, key):
    tiny_case.put(table, 2, column, value)
    first = tiny_case.problems()[0]
    assert first.key == key
    assert place(first) == (f"{table}.csv", 2, column)
    assert first.in_lang("ja")


@pytest.mark.parametrize(
    ("table", "column", "value", "where"),
    [
        ("segments", "field", "9", "fields.csv"),
        ("segments", "table_sector", "c99", "table"),
        ("parameters", "segment", "party", "segments.csv"),
        ("recipes", "sector", "c99", "table"),
        ("markets", "region", "RIVAL", "regions.csv"),
        ("shares", "market", "RIVAL", "regions.csv"),
        ("rivals", "region", "ABROAD", "regions.csv"),
        ("partners", "partner", "ABROAD", "regions.csv"),
        ("products", "users", "c13;c77", "table"),
        ("product_shares", "product", "bearings", "products.csv"),
        ("effects", "instrument", "rd", "instruments.csv"),
        ("goals", "segment", "party", "segments.csv"),
        ("globals", "symbol", "public_fund", "schema/global_symbols.csv"),
        ("regions", "table_regions", "JPN;ATL", "table"),
        ("markets", "evidence", "E77-001", "evidence.csv"),
        ("limits", "evidence", "E77-001", "evidence.csv"),
    ],
)
def test_an_unknown_name(tiny_case, table, column, value, where):
    tiny_case.put(table, 2, column, value)
    found = [p for p in tiny_case.problems() if p.key == "cases.unknown_name"]
    assert [place(p) for p in found] == [(f"{table}.csv", 2, column)]
    assert found[0].values["where"] == where
    assert found[0].values["known"]


@pytest.mark.parametrize(("value", "key"), [("30", "cases.above"), ("-0.2", "cases.below")])
def test_a_goal_of_share_in_percent_or_below_zero(tiny_case, value, key):
    tiny_case.put("goals", 2, "measure", "share")
    tiny_case.put("goals", 2, "value", "0.3")
    assert tiny_case.problems() == []
    tiny_case.put("goals", 2, "value", value)
    problem = only(tiny_case, key)
    assert place(problem) == ("goals.csv", 2, "value")
    assert "0.3" in problem.in_lang("en") or "least" in problem.in_lang("en")


def test_a_recipe_that_does_not_sum_to_one(tiny_case):
    tiny_case.put("recipes", 3, "share", "0.121")
    problem = only(tiny_case, "cases.sum")
    assert place(problem) == ("recipes.csv", 2, "share")
    assert problem.values == {"name": "parts", "got": "1.001"}


def test_shares_that_do_not_sum_to_one_or_are_over_one(tiny_case):
    tiny_case.put("shares", 4, "HOME", "0.36")
    assert place(only(tiny_case, "cases.sum"))[:2] == ("shares.csv", 4)
    tiny_case.put("shares", 4, "HOME", "1.2")
    assert place(only(tiny_case, "cases.above")) == ("shares.csv", 4, "HOME")


def test_supply_shares_and_weights_of_tasks_sum_to_one(tiny_case):
    tiny_case.put("product_shares", 2, "HOME", "0.5")
    assert place(only(tiny_case, "cases.sum"))[0] == "product_shares.csv"
    tiny_case.put("product_shares", 2, "HOME", "0.4")
    tiny_case.put("partners", 5, "weight", "0.4")
    problem = only(tiny_case, "cases.sum")
    assert problem.values["name"] == "design, RIVAL"


def test_a_sum_within_the_last_decimal_is_fine(tiny_case):
    tiny_case.put("shares", 4, "HOME", "0.3500005")
    assert tiny_case.problems() == []


def test_low_mode_high_in_order(tiny_case):
    tiny_case.put("rivals", 2, "spending_low", "110")
    problem = only(tiny_case, "cases.not_ordered")
    assert place(problem) == ("rivals.csv", 2, "spending_low, spending_mode, spending_high")


def test_a_symbol_outside_its_bounds(tiny_case):
    line = tiny_case.line("parameters", segment="parts", symbol="delta")
    tiny_case.put("parameters", line, "high", "0.9")
    assert place(only(tiny_case, "cases.above")) == ("parameters.csv", line, "high")
    tiny_case.put("parameters", line, "high", "0.16")
    tiny_case.put("globals", 2, "low", "-0.1")
    assert place(only(tiny_case, "cases.below")) == ("globals.csv", 2, "low")


def test_a_key_twice_names_the_first(tiny_case):
    line = tiny_case.add("markets", tiny_case.rows("markets")[1])
    problem = only(tiny_case, "cases.key_twice")
    assert problem.row == line
    assert problem.values["first"] == 2


@pytest.mark.parametrize("year", ["2024", "2041"])
def test_a_year_outside(tiny_case, year):
    row = tiny_case.rows("markets")[1]
    line = tiny_case.add("markets", [*row[:2], year, *row[3:]])
    assert place(only(tiny_case, "cases.year_outside")) == ("markets.csv", line, "year")


@pytest.mark.parametrize("year", ["2025", "2041"])
def test_a_goal_in_a_year_not_simulated(tiny_case, year):
    tiny_case.put("goals", 2, "year", year)
    problem = only(tiny_case, "cases.year_outside")
    assert place(problem) == ("goals.csv", 2, "year")
    assert (problem.values["first"], problem.values["last"]) == (2026, 2040)


LINKS = [
    ["from", "to", "kind", "low", "mode", "high", "evidence"],
    ["parts", "design", "technology", "0.5", "1", "1", "E01-001"],
    ["design", "parts", "technology", "0.5", "1", "1", "E02-001"],
]


@pytest.mark.parametrize(
    ("edits", "key", "where"),
    [
        pytest.param(
            [("put", "effects", 2, "lever", "qualty")],
            "cases.not_choice",
            ("effects.csv", 2, "lever"),
            id="an instrument naming an unknown parameter",
        ),
        pytest.param(
            [("write", "links", LINKS)],
            "cases.circular_links",
            ("links.csv", (2, 3), "from, to"),
            id="circular technology links",
        ),
        pytest.param(
            [("put", "parameters", 9, "high", "1")],
            "cases.above",
            ("parameters.csv", 9, "high"),
            id="a learning rate of one",
        ),
        pytest.param(
            [("put", "parameters", 10, "high", "1.01")],
            "cases.above",
            ("parameters.csv", 10, "high"),
            id="a leakage above one",
        ),
        pytest.param(
            [("put", "parameters", 10, "low", "-0.01")],
            "cases.below",
            ("parameters.csv", 10, "low"),
            id="a leakage below zero",
        ),
        pytest.param(
            [("put", "shares", 3, "REST", "0.5")],
            "cases.sum",
            ("shares.csv", 3, "HOME, RIVAL, REST"),
            id="shares not summing to one",
        ),
        pytest.param(
            [("swap", "lines.toml", "starts = [2026, 2030]", "starts = [2026, 2041]")],
            "cases.start_outside",
            ("lines.toml", "starts", "starts"),
            id="a start after the horizon",
        ),
        pytest.param(
            [("put", "partners", line, "partner", "HOME") for line in (2, 3)],
            "cases.own_partner",
            ("partners.csv", 2, "partner"),
            id="home as its own partner",
        ),
        pytest.param(
            [
                ("put", "markets", line, column, "0")
                for line in (2, 5)
                for column in ("low", "mode", "high")
            ],
            "cases.no_market",
            ("markets.csv", 2, "low"),
            id="a segment with no market",
        ),
    ],
)
def test_each_bad_input_of_the_issue_names_file_row_column_and_remedy(tiny_case, edits, key, where):
    """A circle is named at any of its rows; a row given as text is the line that begins so."""
    rows = tiny_case.rows("parameters")
    assert [rows[8][1], rows[9][1]] == ["learning_rate", "kappa"]
    for how, *what in edits:
        getattr(tiny_case, how)(*what)
    found = tiny_case.problems()
    assert {p.key for p in found} == {key}
    file, row, column = where
    if isinstance(row, str):
        lines = tiny_case.file(file).read_text(encoding="utf-8").splitlines()
        row = next(n for n, line in enumerate(lines, 1) if line.startswith(row))
    assert place(found[0])[::2] == (file, column)
    assert found[0].row in (row if isinstance(row, tuple) else (row,))
    told = {lang: found[0].in_lang(lang).splitlines() for lang in ("en", "ja")}
    for said in told.values():
        assert file in said[0]
        assert str(found[0].row) in said[0]
        assert len(said[1].strip()) > 10, "what is to be done"
    assert told["en"][1] != told["ja"][1]


def test_a_partner_that_is_home(tiny_case):
    for line in (2, 3):
        tiny_case.put("partners", line, "partner", "HOME")
    assert {p.key for p in tiny_case.problems()} == {"cases.own_partner"}


def test_limits_cover_the_years_and_name_the_right_skill(tiny_case):
    line = tiny_case.line("limits", kind="labour", skill="craft", year="2040")
    tiny_case.drop("limits", line)
    problem = only(tiny_case, "cases.limit_years")
    assert problem.values["skill"] == "craft"


def test_a_limit_of_money_by_skill(tiny_case):
    tiny_case.add("limits", ["money", "craft", "2030", "1", "2", "3", "E00-001"])
    assert only(tiny_case, "cases.limit_skill").column == "skill"


def test_a_start_outside_the_horizon(tiny_case):
    tiny_case.swap("lines.toml", "starts = [2026, 2030]", "starts = [2026, 2041]")
    problem = only(tiny_case, "cases.start_outside")
    assert place(problem)[::2] == ("lines.toml", "starts")
    row = tiny_case.file("lines.toml").read_text().splitlines()[problem.row - 1]
    assert "2041" in row
    assert problem.values["got"] == 2041


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [
        (
            'instruments = ["rd_grant"]',
            'instruments = ["rd_grants"]',
            "packages.research.instruments",
        ),
        ('"craft", "platform"', '"craft", "bank"', "packages.demand.business"),
        ('markets = "home"', 'markets = "nearby"', "packages.demand.markets"),
        ('home = ["HOME"]', 'home = ["RIVAL"]', "market_groups.home"),
    ],
)
def test_lines_made_of_unknown_names(tiny_case, old, new, column):
    tiny_case.swap("lines.toml", old, new)
    lines = tiny_case.file("lines.toml").read_text(encoding="utf-8").splitlines()
    row = next(n for n, line in enumerate(lines, 1) if new in line)
    assert place(only(tiny_case, "cases.unknown_name")) == ("lines.toml", row, column)


def test_a_package_twice(tiny_case):
    tiny_case.swap("lines.toml", 'id = "demand"', 'id = "research"')
    assert only(tiny_case, "cases.listed_twice").column == "packages"


@pytest.mark.parametrize(
    ("old", "new", "key", "column"),
    [
        ('currency = "JPY"\n', "", "cases.setting_missing", "currency"),
        ("max_fields", "max_field", "cases.setting_unknown", "max_field"),
        ('home = "HOME"', "home = 3", "cases.setting_type", "home"),
        ("discount = 0.04", 'discount = "low"', "cases.setting_type", "discount"),
        ("discount = 0.04", "discount = 4", "cases.setting_bound", "discount"),
        ("confidence = 0.8", "confidence = 1.0", "cases.setting_bound", "confidence"),
        ("[0.01, 0.02]", "[0.01]", "cases.setting_length", "discount_beside"),
        ('"cvar"', '"var"', "cases.setting_choice", "risk.measure"),
        ('"JPY"', '"yen"', "cases.setting_pattern", "currency"),
        ("usd_rate = 150.0", "usd_rate = nan", "cases.setting_type", "usd_rate"),
        ("first_year = 2026", "first_year = 2027", "cases.first_year", "first_year"),
        ("base_year = 2025", "base_year = 25", "cases.setting_bound", "base_year"),
    ],
)
def test_a_bad_setting(tiny_case, old, new, key, column):
    tiny_case.swap("case.toml", old, new)
    found = {p.key: p for p in tiny_case.problems()}
    assert found[key].column == column
    assert place(found[key])[0] == "case.toml"
    assert found[key].in_lang("ja")


def test_the_line_of_a_bad_setting(tiny_case):
    lines = tiny_case.file("case.toml").read_text(encoding="utf-8").splitlines()
    tiny_case.swap("case.toml", "tail = 0.2", "tail = 2")
    assert only(tiny_case, "cases.setting_bound").row == lines.index("tail = 0.2") + 1


def test_toml_that_cannot_be_read(tiny_case):
    tiny_case.swap("case.toml", 'home = "HOME"', "home = HOME")
    problem = tiny_case.problems()[0]
    assert problem.key == "cases.not_toml"
    assert problem.row == 6


def test_a_home_that_is_nowhere(tiny_case):
    tiny_case.swap("case.toml", 'home = "HOME"', 'home = "MARS"')
    keys = [p.key for p in tiny_case.problems()]
    assert keys.count("cases.home_absent") == 2


def test_table_regions_are_divided_up_without_rest_or_overlap(tiny_case):
    tiny_case.put("regions", 3, "table_regions", "USA;CAN")
    assert only(tiny_case, "cases.region_left").values["got"] == "MEX"
    tiny_case.put("regions", 3, "table_regions", "USA;CAN;MEX;CHN")
    assert only(tiny_case, "cases.region_twice").values["got"] == "CHN"
    tiny_case.put("regions", 3, "table_regions", "")
    keys = [p.key for p in tiny_case.problems()]
    assert keys == ["cases.region_stands_for_none", "cases.region_left"]


def test_a_market_only_has_no_table_regions_as_seller(tiny_case):
    tiny_case.put("regions", 5, "table_regions", "BRA")
    assert "cases.region_no_role" in [p.key for p in tiny_case.problems()]


def test_a_ranked_segment_is_complete(tiny_case):
    line = tiny_case.line("parameters", segment="design", symbol="kappa")
    tiny_case.drop("parameters", line)
    problem = only(tiny_case, "cases.symbols_missing")
    assert problem.values["missing"] == "kappa"
    assert problem.values["segment"] == "design"


def test_nu_alone_has_a_default(tiny_case):
    tiny_case.drop("parameters", tiny_case.line("parameters", segment="design", symbol="nu"))
    assert tiny_case.problems() == []


def test_an_unborn_segment_says_when_it_is_born(tiny_case):
    tiny_case.put("segments", 3, "stage", "unborn")
    assert only(tiny_case, "cases.symbols_missing").values["missing"] == "birth"
    tiny_case.add("parameters", ["design", "birth", "2027", "2029", "2033", "E02-001"])
    assert tiny_case.problems() == []
    tiny_case.put("segments", 3, "stage", "growth")
    assert only(tiny_case, "cases.birth").values["segment"] == "design"


def test_a_segment_with_too_little_evidence_says_why_and_may_be_incomplete(tiny_case):
    tiny_case.put("segments", 3, "status", "insufficient_evidence")
    for column in ("reason_en", "reason_ja"):
        tiny_case.put("segments", 3, column, "too little known")
    tiny_case.drop("parameters", tiny_case.line("parameters", segment="design", symbol="kappa"))
    assert tiny_case.problems() == []
    tiny_case.put("segments", 3, "reason_ja", "")
    assert place(only(tiny_case, "cases.segment_words")) == ("segments.csv", 3, "reason_ja")


def test_markets_shares_rivals_and_recipes_are_complete(tiny_case):
    tiny_case.drop(
        "markets", tiny_case.line("markets", segment="design", region="HOME", year="2025")
    )
    tiny_case.drop("shares", tiny_case.line("shares", segment="parts", market="HOME"))
    tiny_case.drop("rivals", tiny_case.line("rivals", segment="parts", region="REST"))
    tiny_case.write("recipes", [r for r in tiny_case.rows("recipes") if r[0] != "design"])
    found = {p.key: p.values for p in tiny_case.problems()}
    assert found["cases.market_missing"]["years"] == "2025"
    assert found["cases.shares_missing"] == {"segment": "parts", "region": "HOME"}
    assert found["cases.rival_missing"] == {"segment": "parts", "region": "REST"}
    assert found["cases.recipe_missing"] == {"segment": "design"}


def test_a_market_of_nothing(tiny_case):
    for region in ("HOME", "ABROAD"):
        line = tiny_case.line("markets", segment="parts", region=region, year="2025")
        for column in ("low", "mode", "high"):
            tiny_case.put("markets", line, column, "0")
    told = only(tiny_case, "cases.no_market")
    assert (told.values["year"], told.row) == (2025, 2)


def test_home_spends_and_sells_something(tiny_case):
    tiny_case.put("rivals", 2, "spending_low", "0")
    assert place(only(tiny_case, "cases.home_spends_nothing")) == ("rivals.csv", 2, "spending_low")
    tiny_case.put("rivals", 2, "spending_low", "80")
    tiny_case.put("shares", 2, "HOME", "0")
    tiny_case.put("shares", 2, "REST", "0.95")
    tiny_case.put("shares", 3, "HOME", "0")
    tiny_case.put("shares", 3, "REST", "0.75")
    assert only(tiny_case, "cases.home_sells_nothing").values["segment"] == "parts"


def copy_parameters(folder):
    rows = folder.rows("parameters")
    own = [["design", *r[1:]] for r in rows if r[0] == "parts"]
    folder.write("parameters", [*(r for r in rows if r[0] != "design"), *own])


def test_a_copied_segment_is_refused_unless_neutrality_is_tested(tiny_case):
    copy_parameters(tiny_case)
    problem = only(tiny_case, "cases.copied")
    assert problem.values == {"segment": "design", "other": "parts"}
    tiny_case.swap("case.toml", "max_fields", "identical_segments = true\nmax_fields")
    assert tiny_case.problems() == []


def test_globals_and_supply_shares_are_complete(tiny_case):
    tiny_case.drop("globals", tiny_case.line("globals", symbol="interest"))
    assert only(tiny_case, "cases.globals_missing").values["missing"] == "interest"


def test_a_product_without_supply_shares(tiny_case):
    tiny_case.write("product_shares", tiny_case.rows("product_shares")[:1])
    assert only(tiny_case, "cases.supply_missing").values["product"] == "bearing"


@pytest.mark.parametrize("grade", ["measured", "published"])
def test_a_graded_figure_has_its_source(tiny_case, grade):
    tiny_case.put("evidence", 2, "grade", grade)
    found = tiny_case.problems()
    assert [p.key for p in found] == ["cases.evidence_source"] * 3
    assert [p.column for p in found] == ["source", "date", "address"]
    assert {p.row for p in found} == {2}


def test_mistakes_of_many_files_are_told_together(tiny_case):
    tiny_case.put("markets", 2, "low", "x")
    tiny_case.put("segments", 2, "field", "77")
    tiny_case.swap("case.toml", "confidence = 0.8", "confidence = 8")
    tiny_case.swap("lines.toml", "spend_years = 8", "spend_years = 0")
    files = {place(p)[0] for p in tiny_case.problems()}
    assert files == {"markets.csv", "segments.csv", "case.toml", "lines.toml"}


def test_loading_writes_nothing(tiny_case, tmp_path):
    tiny_case.put("markets", 2, "low", "x")
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")}
    tiny_case.problems()
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")} == before


@pytest.mark.parametrize(
    ("lever", "values", "key", "column"),
    [
        ("duty", ("-0.1", "0.02", "0.05"), "cases.below", "low"),
        ("quality", ("0.1", "0.5", "50"), "cases.above", "high"),
        ("kappa", ("-5", "0", "0.1"), "cases.below", "low"),
    ],
)
def test_an_effect_keeps_to_the_bounds_of_its_lever(tiny_case, lever, values, key, column):
    tiny_case.put("effects", 2, "lever", lever)
    for name, value in zip(("low", "mode", "high"), values, strict=True):
        tiny_case.put("effects", 2, name, value)
    assert place(only(tiny_case, key)) == ("effects.csv", 2, column)


@pytest.mark.parametrize("column", ["windfall_high", "retaliation_high"])
def test_a_part_or_a_probability_of_an_instrument_is_one_at_most(tiny_case, column):
    rows = tiny_case.rows("instruments")
    rows[1][rows[0].index(column)] = "1.5"
    tiny_case.write("instruments", rows)
    first = tiny_case.problems()[0]
    assert first.key == "cases.above"
    assert place(first) == ("instruments.csv", 2, column)


def test_a_partner_that_is_home_is_told_before_the_sums_it_upsets(tiny_case):
    rows = tiny_case.rows("partners")
    home = cases.load(tiny_case.path).settings.home
    rows[1][rows[0].index("partner")] = home
    tiny_case.write("partners", rows)
    assert tiny_case.problems()[0].key == "cases.own_partner"


@pytest.mark.parametrize(
    ("old", "new", "key", "row", "column"),
    [
        ("year = 2011", "year = 2050", "cases.year_outside", 6, "findings.0.year"),
        ("year = 2011\n", "", "cases.setting_missing", 5, "findings.0.year"),
        ("low = 0.11", "low = 0.5", "cases.range_turned", 7, "findings.0.low"),
        ('"E01-010"', '"E99-999"', "cases.unknown_name", 11, "findings.0.evidence"),
        ("sign = -1", "sign = 2", "cases.setting_choice", 24, "findings.2.sign"),
    ],
)
def test_mistakes_of_a_past_programme_have_row_and_column(tmp_path, old, new, key, row, column):
    case, _ = cases.load_programme("elpida")
    folder = tmp_path / "case"
    shutil.copytree(case.path, folder)
    file = folder / "programme.toml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        cases.load_programme(folder)
    assert caught.value.key == key
    assert place(caught.value) == ("programme.toml", row, column)
    assert " or " not in caught.value.in_lang("ja")


def test_an_unknown_instrument_of_a_package_has_its_row(tiny_case):
    text = tiny_case.file("lines.toml").read_text(encoding="utf-8")
    name = cases.load(tiny_case.path).lines.packages[0].instruments[0]
    row = next(n for n, line in enumerate(text.splitlines(), 1) if f'"{name}"' in line)
    tiny_case.swap("lines.toml", f'"{name}"', '"nobody_knows"')
    assert place(only(tiny_case, "cases.unknown_name"))[:2] == ("lines.toml", row)
