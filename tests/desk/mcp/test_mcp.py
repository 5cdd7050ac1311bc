"""The MCP server through the SDK's own client over standard input and output."""

import asyncio
import builtins
import json
import os
import shutil
import sys
import time

import mcp
import numpy as np
import pytest
from mcp import StdioServerParameters
from mcp.server.mcpserver.exceptions import ToolError

from kachisuji.desk.mcp.answers import Answers
from kachisuji.desk.mcp.server import build, tools
from kachisuji.desk.stored import StoredRun
from kachisuji.words import EXIT_USER_ERROR, InputError, entries
from tests.desk.test_cli import call

READING = {"runs", "cases", "table", "portfolio", "why", "quantities", "what_if", "evidence",
           "structure", "backcast"}  # fmt: skip


@pytest.fixture(scope="module")
def folder(rich_run, tmp_path_factory):
    place = tmp_path_factory.mktemp("mcp")
    shutil.copytree(rich_run, place / "first")
    (place / "broken").mkdir()
    (place / "broken" / "manifest.json").write_text("{")
    return place


def server(folder, *more):
    return StdioServerParameters(
        command=sys.executable,
        args=["-m", "kachisuji", "mcp", "--runs", str(folder), *more],
        env={**os.environ, "KACHISUJI_LANG": "en"},
    )


def talk(parameters, conversation):
    async def talking():
        async with mcp.Client(parameters) as client:
            return await conversation(client)

    return asyncio.run(asyncio.wait_for(talking(), 120))


def said(result):
    return json.loads(result.content[0].text)


def ids_are_known(value, register):
    """Every list called evidence, at any depth, holds ids of the register or rows with one."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "evidence" and isinstance(inner, list):
                for entry in inner:
                    assert (entry["id"] if isinstance(entry, dict) else entry) in register
            ids_are_known(inner, register)
    elif isinstance(value, list):
        for inner in value:
            ids_are_known(inner, register)


@pytest.mark.slow
def test_a_client_reads_asks_and_cites(folder, rich_run):
    stored = StoredRun.open(rich_run)
    register = set(stored.case.tables["evidence"]["id"])

    async def conversation(client):
        listed = await client.list_tools()
        assert {t.name for t in listed.tools} == READING
        assert all(t.annotations.read_only_hint for t in listed.tools)
        assert all(t.description for t in listed.tools)
        assert "never add them up" in client.instructions
        assert [r["run"] for r in said(await client.call_tool("runs", {}))] == ["first"]
        told = said(await client.call_tool("portfolio", {"run": "first"}))
        assert sorted(r["line"] for r in told["lines"]) == sorted(stored.choice["names"])
        joint = stored.choice["joint"]
        assert told["together"]["welfare"]["means"].startswith("Net benefit")
        assert all(own.pop("means") and own == joint[m] for m, own in told["together"].items())
        assert "1,000,000,000 JPY" in told["units"]
        assert all(r["name"] and r["why"] for r in told["left_out"] if r["reason"] != "evidence")
        why = said(await client.call_tool("why", {"run": "first", "subject": "parts"}))
        assert why["reasons"][0]["text"]
        rows = said(await client.call_tool("table", {"case": "run:first", "table": "goals"}))
        assert rows["of"] == 1
        asked = {"case": "run:first", "ids": ["E00-001"]}
        found = said(await client.call_tool("evidence", asked))
        assert found["rows"][0]["grade"] == "assumed"
        asked = {"run": "first", "banned": ["design"], "limits": {"money": 90}}
        moved = said(await client.call_tool("what_if", asked))
        assert not [line for line in moved["lines"] if line.startswith("design/")]
        none = await client.call_tool("what_if", {"run": "first", "limits": {"money": 0}})
        assert none.is_error
        assert "money" in none.content[0].text
        for answer in (told, why, rows, found, moved):
            ids_are_known(answer, register)
            assert "evidence" in answer
        wrong = await client.call_tool("why", {"run": "first", "subject": "ships"})
        assert wrong.is_error
        assert "How to mend it" in wrong.content[0].text
        assert "Traceback" not in wrong.content[0].text
        absent = await client.call_tool("run", {"case": "template", "name": "x"})
        assert absent.is_error
        page = await client.read_resource("kachisuji://runs/first/findings")
        assert "Run of" in page.contents[0].text
        schema = await client.read_resource("kachisuji://schema")
        assert "segments.csv" in schema.contents[0].text
        with pytest.raises(mcp.MCPError):
            await client.read_resource("kachisuji://runs/nowhere/findings")

    talk(server(folder), conversation)
    assert sorted(p.name for p in folder.iterdir()) == ["broken", "first"]


@pytest.mark.slow
def test_running_needs_to_be_allowed(folder):
    async def conversation(client):
        names = {t.name: t for t in (await client.list_tools()).tools}
        assert not names["run"].annotations.read_only_hint
        made = await client.call_tool("run", {"case": "template", "name": "new", "futures": 16})
        assert said(made)["run"] == "new"
        again = await client.call_tool("run", {"case": "template", "name": "new", "futures": 16})
        assert again.is_error
        out = await client.call_tool("run", {"case": "template", "name": "../x", "futures": 16})
        assert out.is_error

    talk(server(folder, "--allow-run", "--lang", "ja"), conversation)
    assert (folder / "new" / "manifest.json").is_file()
    assert not (folder.parent / "x").exists()


@pytest.fixture(scope="module")
def answers(folder):
    return Answers(folder)


def test_what_if_is_the_workbench(answers, rich_run):
    from kachisuji.desk.web.replay import Question, Replay

    replay = Replay.of(StoredRun.open(rich_run))
    row = answers.quantities("first")["rows"][0]
    name = row["quantity"]
    assert row["low"] <= row["mode"] <= row["high"]
    begun = time.perf_counter()
    told = answers.what_if("first", {"beliefs": {name: 0.9}, "fields": 1})
    took = time.perf_counter() - begun
    want = replay.answer(Question(beliefs={name: 18}, fields=1))
    assert told["leads_to"] == want["best"]
    assert told["bound"] == pytest.approx(want["bound"])
    assert 0 < told["seconds"] <= took + 0.001
    assert set(told["evidence"]) >= {
        i for q in replay.quantities if q.name == name for i in q.evidence
    }


def test_structure_is_the_room_structure(answers):
    from kachisuji import structure

    told = answers.structure("template", "JPN", "c13")
    economy = answers.case_of("template").economy
    assert told["upstreamness"] == structure.upstreamness(economy).loc[("JPN", "c13")]
    assert sum(told["value_added_by_region"].values()) == pytest.approx(1.0, abs=1e-6)
    assert told["source"]["licence"]


def test_backcast_answers_and_cites(answers):
    told = answers.backcast("template", "parts.share >= 0.3 by 2040 with p >= 0.5", 32)
    assert told["evidence"] or not told["lines"]
    assert "reached" in told


def test_tables_are_filtered_and_paged(answers, monkeypatch):
    told = answers.table("template", "parameters", {"segment": "parts", "symbol": "epsilon"})
    assert [r["mode"] for r in told["rows"]] == [4.0]
    monkeypatch.setattr("kachisuji.desk.mcp.answers.MOST_ROWS", 10)
    first, second = (answers.table("template", "parameters", start=s) for s in (0, 10))
    assert len(first["rows"]) == 10
    assert first["rows"] != second["rows"]
    assert first["of"] == second["of"] > 20
    assert json.dumps(first, allow_nan=False)


def one(answers):
    return [answers._replay("first").segments[0]]


WRONG = {
    "mcp.unknown_run": lambda a: a.portfolio("../first"),
    "mcp.unknown_case": lambda a: a.table("/etc", "goals"),
    "mcp.unknown_table": lambda a: a.table("template", "passwords"),
    "mcp.unknown_column": lambda a: a.table("template", "goals", {"x": "y"}),
    "mcp.unknown_sector": lambda a: a.structure("template", "JPN", "c99"),
    "mcp.unknown_change": lambda a: a.what_if("first", {"weather": 1}),
    "mcp.bad_belief": lambda a: a.what_if("first", {"beliefs": {"x": 2}}),
    "web.unknown_quantity": lambda a: a.what_if("first", {"beliefs": {"x": 0.2}}),
    "web.unknown_item": lambda a: a.what_if("first", {"limits": {"gold": 50}}),
    "web.bad_value_of": lambda a: a.what_if("first", {"limits": {"money": -5}}),
    "web.unknown_event": lambda a: a.what_if("first", {"events": {"break.ATLANTIS": 2030}}),
    "web.unknown_market": lambda a: a.what_if("first", {"unsold": ["ATLANTIS"]}),
    "web.unknown_partner": lambda a: a.what_if("first", {"without": ["ATLANTIS"]}),
    "web.unknown_segment": lambda a: a.what_if("first", {"held": ["ships"]}),
    "web.held_and_banned": lambda a: a.what_if("first", {"held": one(a), "banned": one(a)}),
    "mcp.bad_start": lambda a: a.table("template", "goals", start=-5),
    "api.unknown_evidence": lambda a: a.evidence("template", ["E99-999"]),
    "ahead.bad_futures": lambda a: a.backcast("template", "parts.share >= 0.3 by 2040", 7),
    "mcp.bad_name": lambda a: a.start("template", "a/b"),
}


@pytest.mark.parametrize("key", WRONG)
def test_a_wrong_question_says_how_to_ask(answers, key):
    with pytest.raises(InputError) as caught:
        WRONG[key](answers)
    assert caught.value.key == key
    assert caught.value.in_lang("ja")


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("what_if", {"run": "first", "felds": 3}, "no felds"),  # it was answered as if unasked
        ("what_if", {"run": "first", "fields": "many"}, "a whole number"),
        ("what_if", {"run": "first", "held": "x"}, "a list"),
        ("what_if", {"run": "first", "limits": [1]}, "names with their values"),
        ("portfolio", {}, "needs run"),
        ("portfolio", {"run": 7}, "a text"),
        ("runs", {"all": True}, "no all"),
    ],
)
def test_arguments_that_do_not_fit_are_told_in_words(answers, tool, arguments, said):
    told = build(answers, allow_run=False)
    with pytest.raises(ToolError) as wrong:
        asyncio.run(told.call_tool(tool, arguments))
    assert said in str(wrong.value)
    assert "How to mend it" in str(wrong.value)
    assert "pydantic" not in str(wrong.value)


def test_every_tool_is_described_and_every_text_used(answers):
    named = {k.removeprefix("mcp.tool_") for k in entries() if k.startswith("mcp.tool_")}
    assert named == set(tools(answers)) | {"run"} == READING | {"run"}
    for name, function in tools(answers).items():
        told = entries()[f"mcp.tool_{name}"]
        for parameter in function.__annotations__:
            if parameter not in ("return", "case", "run", "ids", "region", "sector", "futures"):
                assert parameter in told["en"], (name, parameter)
                assert parameter in told["ja"], (name, parameter)


def test_without_the_package_the_command_says_what_to_install(
    capsys, tmp_path, monkeypatch, answers
):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.split(".")[0] == "mcp":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError) as caught:
        build(answers, allow_run=False)
    assert "kachisuji[mcp]" in caught.value.in_lang("en")
    code, _, err = call(capsys, "mcp", "--runs", tmp_path / "nowhere")
    assert code == EXIT_USER_ERROR
    assert "--runs" in err


def test_numbers_are_those_of_the_run(answers, rich_run):
    stored = StoredRun.open(rich_run)
    told = answers.portfolio("first")
    assert np.isclose(sum(r["welfare"] for r in told["lines"]), stored.portfolio["welfare"].sum())
