"""A node's log, policy, budget and approvals; nothing spent twice, no line altered unnoticed."""

import contextlib
import json

import pytest

from kachisuji.constellation import ask
from kachisuji.constellation.chain import LOG, Log
from kachisuji.constellation.node import OUTBOX, Node, Refusal
from kachisuji.constellation.policy import POLICY, Policy, read_policy, write_policy
from kachisuji.constellation.questions import ATTEMPTS
from kachisuji.words import InputError, RunError
from tests.constellation.conftest import load, production, purchases

QUESTION = ask(kind="count", table="purchases", epsilon=1.0)


@pytest.fixture
def node(folders):
    """A sixth node, invited but not running, with a log of its own for each test."""
    import uuid

    name = f"spare-{uuid.uuid4().hex[:6]}"
    folders.join(name, "node")
    write_policy(folders.folder / name, Policy(ask_me=False, budget={"ministry": 2.5}))
    load(folders.folder / name, purchases(9), "purchases")
    yield Node(folders.folder / name)
    from kachisuji.constellation.coordinator import Coordinator

    coordinator = Coordinator(folders.folder / "coordinator")
    coordinator.revoke(name)
    coordinator.close()


def test_an_altered_line_is_noticed(node):
    node.log.append("note", text="first")
    node.log.append("note", text="second")
    lines = node.log.file.read_text().splitlines()
    altered = [
        [line.replace("first", "worst") for line in lines],
        [line for line in lines if "first" not in line],
        lines[:-2] + lines[-1:] + lines[-2:-1],
    ]
    for text in altered:
        node.log.file.write_text("\n".join(text) + "\n")
        with pytest.raises(RunError) as wrong:
            Log(node.folder).entries()
        assert "altered" in wrong.value.in_lang("en")
        assert LOG in wrong.value.in_lang("ja")
    node.log.file.write_text("\n".join(lines) + "\n")
    assert Log(node.folder).entries()[-1].values == {"text": "second"}


def test_a_log_cut_short_is_noticed_by_what_the_coordinator_saw(node):
    head = node.log.append("note", text="last").number, node.log.head()[1]
    assert node.agrees_with(head)
    lines = node.log.file.read_text().splitlines()[:-1]
    node.log.file.write_text("\n".join(lines) + "\n")
    assert not Node(node.folder).agrees_with(head)


def test_a_line_half_written_when_the_power_went_is_written_anew(node):
    node.log.append("note", text="whole")
    with node.log.file.open("a") as stream:
        stream.write('{"number": 99, "whe')
    log = Log(node.folder)
    before = log.head()[0]
    assert log.append("note", text="after").number == before + 1
    assert Log(node.folder).head()[0] == before + 1


def test_each_attempt_is_charged_once_and_the_budget_ends(node):
    first = node.answer("q.1", QUESTION, "ministry")
    again = node.answer("q.1", QUESTION, "ministry")
    assert first == again  # the same bytes: sending twice is one answer
    assert node.log.spent("ministry") == 1.0
    node.answer("q.2", QUESTION, "ministry")  # a retry costs again
    assert node.log.spent("ministry") == 2.0
    with pytest.raises(Refusal, match="refused_budget"):
        node.answer("q.3", QUESTION, "ministry")
    assert node.left("ministry") == pytest.approx(0.5)
    assert Node(node.folder).left("ministry") == pytest.approx(0.5)  # on the disk


def test_the_debit_is_on_the_disk_before_anything_is_sealed(node, monkeypatch):
    def lost(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Node, "_seal", lost)
    with pytest.raises(KeyboardInterrupt):
        node.answer("q.1", QUESTION, "ministry")
    monkeypatch.undo()
    assert Node(node.folder).log.spent("ministry") == 1.0
    node.answer("q.1", QUESTION, "ministry")
    assert node.log.spent("ministry") == 1.0


def test_what_an_asker_writes_cannot_break_the_log(node):
    """Signs that end a line for some readers are no codes; a log that holds one is read whole."""
    for sign in ("\u2028", "\x85", "\x1c", "\n", "../x", "山"):
        with pytest.raises(InputError, match="no code"):
            ask(kind="count", table="purchases", epsilon=1.0, groups={"origin": (f"A{sign}B",)})
    node.log.append("note", text="one\u2028two\x85three")
    node.log.append("note", text="after")
    assert [e.values["text"] for e in Log(node.folder).entries()[-2:]] == [
        "one\u2028two\x85three", "after"]  # fmt: skip


def test_whether_there_is_anything_to_tell_is_not_told_before_the_owner_approves(node):
    load(node.folder, production(0), "production")
    write_policy(node.folder, Policy(budget={"ministry": 5.0}))

    def about(process):
        return ask(kind="learning", unit="node", epsilon=1.0, groups={"process": (process,)},
                   x_low=5.0, x_high=9.5, low=6.5, high=10.0)  # fmt: skip

    for process in ("WELD", "NOTHING"):
        with pytest.raises(Refusal, match="waiting"):
            node.answer(f"{process}.1", about(process), "ministry")
    node.approvals.decide("NOTHING", about("NOTHING"), "ministry", "once")
    with pytest.raises(Refusal, match="refused_rows"):
        node.answer("NOTHING.1", about("NOTHING"), "ministry")


def test_the_hashes_that_leave_a_node_cannot_be_tried_out(node):
    """The log's head covers the table's digest; who knows all rows but one must not confirm it."""
    load(node.folder, purchases(9), "purchases")
    load(node.folder, purchases(9), "purchases")
    tables = [e.values for e in Node(node.folder).log.entries() if e.event == "table"]
    first, second = tables[-2:]
    assert first["sha256"] == second["sha256"]
    assert first["salt"] != second["salt"]
    assert len(first["salt"]) == 32


def test_another_question_under_a_charged_name_is_charged(node):
    node.answer("q.1", QUESTION, "ministry")
    node.answer("q.1", ask(kind="count", table="purchases", epsilon=0.5), "ministry")
    assert node.log.spent("ministry") == 1.5


@pytest.mark.parametrize(
    ("rules", "question", "asker", "reason"),
    [
        ({}, QUESTION, "stranger", "refused_asker"),
        ({"kinds": ("mean",)}, QUESTION, "ministry", "refused_kind"),
        ({"epsilon_most": 0.5}, QUESTION, "ministry", "refused_epsilon"),
        ({"unit": "node"}, QUESTION, "ministry", "refused_unit"),
        ({}, QUESTION.model_copy(update={"protection": "sums"}), "ministry", "refused_sums"),
        ({}, ask(kind="count", table="skills", epsilon=0.1), "ministry", "refused_table"),
        ({"ask_me": True}, QUESTION, "ministry", "waiting"),
    ],
)
def test_the_owner_decides(node, rules, question, asker, reason):
    write_policy(node.folder, Policy(**({"ask_me": False, "budget": {"ministry": 2.5}} | rules)))
    with pytest.raises(Refusal, match=reason):
        node.answer("q.1", question, asker)
    assert node.log.spent(asker) == 0


def test_approval_once_always_and_never(node):
    write_policy(node.folder, Policy(budget={"ministry": 2.5}))
    node.approvals.decide("one", QUESTION, "ministry", "once")
    node.answer("one.1", QUESTION, "ministry")
    node.answer("one.2", QUESTION, "ministry")  # a retry of what was approved
    smaller = ask(kind="count", table="purchases", epsilon=0.1)
    with pytest.raises(Refusal, match="waiting"):
        node.answer("two.1", smaller, "ministry")
    node.approvals.decide("two", smaller, "ministry", "always")
    node.answer("two.1", smaller, "ministry")
    node.answer("three.1", smaller, "ministry")
    dearer = ask(kind="count", table="purchases", epsilon=0.2)
    for key in ("one.3", "five.1"):  # neither another question under its name, nor a greater ε
        with pytest.raises(Refusal, match="waiting"):
            node.answer(key, dearer, "ministry")
    node.approvals.decide("four", smaller, "ministry", "never")
    with pytest.raises(Refusal, match="refused_owner"):
        node.answer("four.1", smaller, "ministry")
    (stands,) = node.approvals.standing()
    assert (stands.asker, stands.epsilon, stands.question) == ("ministry", 0.1, smaller)
    with pytest.raises(InputError, match="no standing approval one"):
        node.withdraw("one")
    node.withdraw(stands.ident)
    assert node.log.entries()[-1].values == {"id": stands.ident, "asker": "ministry"}
    for key in ("three.2", "six.1"):  # neither a further attempt nor a new question
        with pytest.raises(Refusal, match="waiting"):
            node.answer(key, smaller, "ministry")
    assert node.approvals.standing() == ()


def test_a_standing_approval_of_an_earlier_version_is_kept_listed_and_withdrawn(node):
    write_policy(node.folder, Policy(budget={"ministry": 2.5}))
    old = {"once": {}, "never": {}, "always": {f"ministry:{QUESTION.shape()}": "1.0"}}
    node.approvals.file.write_text(json.dumps(old))
    node.answer("q.1", QUESTION, "ministry")
    (stands,) = node.approvals.standing()
    assert (stands.asker, stands.epsilon, stands.question) == ("ministry", 1.0, None)
    node.withdraw(stands.ident)
    with pytest.raises(Refusal, match="waiting"):
        node.answer("q.2", QUESTION, "ministry")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("ministry = 2.5", "ministry = 0", "budget"),
        ("ministry = 2.5", "ministry = -1.0", "budget"),
        ("minimum_nodes = 5", "minimum_nodes = 0", "rule"),
        ("epsilon_most = 1.0", "epsilon_most = 1000.0", "rule"),
        ("minimum_nodes = 5", "minimum_nodes = ", "TOML"),
        ("ask_me", "ask_us", "rule"),
        ("kinds = []", 'kinds = ["cuont"]', "rule"),
    ],
)
def test_a_policy_that_cannot_be_is_refused(node, old, new, said):
    file = node.folder / POLICY
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))
    with pytest.raises(InputError) as wrong:
        read_policy(node.folder)
    assert said in wrong.value.in_lang("en")
    assert "policy.toml" in wrong.value.in_lang("ja")
    assert "nput" not in wrong.value.in_lang("ja")  # pydantic's own words are English


def test_one_approval_is_of_one_asker_and_cannot_be_stretched_over_the_budget(node):
    """A coordinator that shows an approved question again and again, or in another's name."""
    write_policy(node.folder, Policy(budget={"ministry": 100.0, "rival": 100.0}))
    node.approvals.decide("one", QUESTION, "ministry", "once")
    for attempt in (0, 4, 5, -1):
        with pytest.raises(Refusal, match="refused_attempts"):
            node.answer(f"one.{attempt}", QUESTION, "ministry")
    with pytest.raises(Refusal, match="waiting"):
        node.answer("one.1", QUESTION, "rival")
    assert node.log.spent("ministry") == node.log.spent("rival") == 0
    for attempt in range(1, 9):
        with contextlib.suppress(Refusal):
            node.answer(f"one.{attempt}", QUESTION, "ministry")
    assert node.log.spent("ministry") == ATTEMPTS * QUESTION.epsilon


@pytest.mark.parametrize("last", ['{"number": 9, "whe\n', "XX\n", "\x00\x00\n"])
def test_a_last_line_that_was_altered_is_no_line_half_written(node, last):
    node.answer("q.1", QUESTION, "ministry")
    lines = node.log.file.read_text().splitlines(keepends=True)
    node.log.file.write_text("".join([*lines[:-1], last]))
    with pytest.raises(RunError, match="altered"):
        Log(node.folder).entries()


def test_a_log_whose_end_of_line_an_editor_took_away_goes_on(node):
    node.answer("q.1", QUESTION, "ministry")
    whole = node.log.file.read_text()
    node.log.file.write_text(whole.rstrip("\n"))
    log = Log(node.folder)
    assert log.spent("ministry") == 1.0
    log.append("note", text="after")
    assert node.log.file.read_text().startswith(whole)
    assert Log(node.folder).spent("ministry") == 1.0


def test_what_was_kept_for_resending_and_is_damaged_is_made_anew_at_no_charge(node):
    node.answer("q.1", QUESTION, "ministry")
    (kept,) = (node.folder / OUTBOX).iterdir()
    kept.write_text("{")
    node.answer("q.1", QUESTION, "ministry")
    assert node.log.spent("ministry") == 1.0


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        '{"once": {}, "never": {}, "always": {"a": "b"}}',
        '{"once": {}, "never": {}, "always": {"a:b": {"question": {}, "since": ""}}}',
    ],
)
def test_damaged_approvals_are_told_and_nothing_is_answered(node, text):
    write_policy(node.folder, Policy(budget={"ministry": 5.0}))
    node.approvals.file.write_text(text)
    with pytest.raises(InputError, match="damaged") as wrong:
        node.answer("q.1", QUESTION, "ministry")
    assert "approvals.json" in wrong.value.in_lang("ja")
    assert node.log.spent("ministry") == 0
