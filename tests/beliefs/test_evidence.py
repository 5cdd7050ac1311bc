"""The evidence register: ids once, grades known, figures counted."""

import pytest

from kachisuji.beliefs import GRADES, Evidence, Register
from kachisuji.words import InputError, say


def row(key="E01-001", grade="assumed", **more):
    return Evidence(key, grade, "said", "述べた", **more)


def test_register_is_a_mapping_in_file_order():
    register = Register([row("b"), row("a")])
    assert list(register) == ["b", "a"]
    assert len(register) == 2
    assert register["a"].id == "a"
    with pytest.raises(KeyError):
        register["c"]


def test_register_refuses_an_id_twice_and_an_unknown_grade():
    with pytest.raises(InputError) as caught:
        Register([row(), row()])
    assert caught.value.key == "beliefs.id_twice"
    assert caught.value.row == "E01-001"
    with pytest.raises(InputError) as caught:
        Register([row(grade="guessed")])
    assert caught.value.key == "beliefs.unknown_grade"


def test_counts_are_by_field_and_grade_and_add_up():
    register = Register([row("a"), row("b", "published"), row("c", "measured")])
    counts = register.counts([("a", 2, 3), ("b", 1, 8), ("a", 1, 1), ("c", 2, 1), ("a", 2, 1)])
    assert list(counts) == [1, 2]
    none = dict.fromkeys(GRADES, 0)
    assert counts[1] == none | {"published": 8, "assumed": 1}
    assert counts[2] == none | {"measured": 1, "assumed": 4}


@pytest.mark.parametrize(
    ("grade", "lacks"),
    [
        ("measured", ("source", "date", "address")),
        ("protected", ("source", "date", "address")),
        ("published", ("source", "date", "address")),
        ("carried", ("source", "date", "address")),
        ("elicited", ("source",)),
        ("assumed", ()),
    ],
)
def test_what_a_grade_needs(grade, lacks):
    assert row(grade=grade).missing() == lacks
    full = row(grade=grade, source="a", date="2025", address="https://example.org")
    assert full.missing() == ()


def test_every_grade_has_a_name_in_both_languages():
    names = {lang: {say(f"beliefs.grade_{g}", lang) for g in GRADES} for lang in ("en", "ja")}
    assert all(len(found) == len(GRADES) for found in names.values())
