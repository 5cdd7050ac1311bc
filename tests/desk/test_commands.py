"""Every command: help and examples in both languages, JSON; new, doctor, completion."""

import json
import os
import re
import shutil
import subprocess
import tomllib

import pytest

from kachisuji.cases import load
from kachisuji.desk import doctor
from kachisuji.desk.cli import build
from kachisuji.desk.completing import complete
from kachisuji.desk.helping import called, every_command, example_key
from kachisuji.desk.new import commented, new_case
from kachisuji.desk.telling import Telling
from kachisuji.words import EXIT_USER_ERROR, RunError, entries, say
from tests.desk.test_cli import JAPANESE, call

PATHS = [path for path, _ in every_command(build("en"))]


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_every_command_has_help_and_an_example_in_both_languages(path, capsys, monkeypatch):
    key = example_key(path)
    assert key in entries(), f"write [{key.removeprefix('commands.')}] in texts/commands.toml"
    for name in ("LANG", "LC_ALL", "LC_MESSAGES", "KACHISUJI_LANG"):
        monkeypatch.delenv(name, raising=False)
    code, english, _ = call(capsys, *path, "--help")
    assert code == 0
    assert "Example" in english
    assert f"kachisuji {' '.join(path)}" in english.split("Example")[1]
    assert not JAPANESE.search(english)
    code, japanese, _ = call(capsys, "--lang", "ja", *path, "--help")
    assert "例:" in japanese
    for word in ("Usage", "OPTIONS", "COMMAND", "default:", "required", "Examples"):
        assert word not in japanese
    options = re.findall(r"^ +(--[a-z-]+)", english, re.M)
    assert options == re.findall(r"^ +(--[a-z-]+)", japanese, re.M)


def test_every_option_is_explained_in_both_languages():
    for lang in ("en", "ja"):
        for path, command in every_command(build(lang)):
            if command.default_command is None:
                continue
            for argument in command.assemble_argument_collection():
                told = argument.parameter.help
                assert told, f"{' '.join(path)} {argument.name} is not explained"
                assert bool(JAPANESE.search(told)) == (lang == "ja"), (path, argument.name)


# they serve until they are stopped, or print a script
NO_RESULT = {
    "completion", "mcp", "serve", "node serve", "constellation serve", "constellation member",
}  # fmt: skip


def test_every_command_with_a_result_gives_it_as_json_and_says_less_or_more():
    for path, command in every_command(build("en")):
        if command.default_command is None:
            continue
        name = " ".join(path)
        options = {n for a in command.assemble_argument_collection() for n in a.names}
        for option in ("--json", "--quiet", "--verbose"):
            assert (option in options) == (name not in NO_RESULT), (name, option)
        assert "--lang" in options, name


def test_every_example_calls_commands_and_options_that_are_there():
    app = build("en")
    known = dict(every_command(app))
    for key, entry in entries().items():
        if not key.startswith("commands.example_"):
            continue
        for lang in ("en", "ja"):
            for words in re.findall(r"kachisuji ([^\n|&>]+)", entry[lang]):
                path = called(app, words.split())
                assert path in known, words
                collection = known[path].assemble_argument_collection()
                options = {n for a in collection for n in a.names}
                assert {w for w in words.split() if w.startswith("--")} <= options | {"--help"}
    spare = {k for k in entries() if k.startswith("commands.example_")}
    assert spare == {example_key(path) for path in known}


@pytest.mark.parametrize(
    "command",
    [["version"], ["doctor"], ["lines", "template"], ["case", "check", "template"]],
    ids=" ".join,
)
def test_json_is_json_and_nothing_else(capsys, command):
    code, out, err = call(capsys, *command, "--json")
    assert code == 0
    assert json.loads(out)
    assert err == ""


def test_json_of_run_verify_and_report(capsys, tmp_path, few_resamples):
    made = [*("run", "template", "--futures", "16", "--workers", "1", "--quiet")]
    code, out, err = call(capsys, *made, "--json", "--out", tmp_path / "run", "--lang", "en")
    assert code == 0
    assert err == ""
    told = json.loads(out)
    assert told["run"] == str(tmp_path / "run")
    assert len(told["findings"]) == 3
    assert set(told["net_benefit"]) >= {"mean", "p10", "p90"}
    code, out, err = call(capsys, "verify", tmp_path / "run", "--quick", "--quiet", "--json")
    assert (code, json.loads(out)["same"], err) == (0, True, "")
    (tmp_path / "run" / "lines.parquet").write_bytes(b"")
    code, out, _ = call(capsys, "verify", tmp_path / "run", "--quick", "--quiet", "--json")
    assert (code, json.loads(out)["same"]) == (1, False)
    assert len(json.loads(out)["differences"]) == 1


def test_quiet_and_verbose(capsys, tmp_path, few_resamples):
    made = ["run", "template", "--futures", "16", "--workers", "1"]
    code, out, err = call(capsys, *made, "--quiet", "--out", tmp_path / "a", "--lang", "en")
    assert out.replace("\n", "") == f"Run folder: {tmp_path / 'a'}"
    assert err == ""
    code, out, err = call(capsys, *made, "--verbose", "--out", tmp_path / "b", "--lang", "en")
    assert code == 0
    assert "Three main findings" in out
    assert "The whole" not in out
    assert re.search(r"(?m)^The whole: [\d.]+ s$", err)
    timed = re.findall(r"(?m)^(.+): [\d.]+ s$", err)
    assert any("lines" in stage for stage in timed)  # the stages of the bars, each once
    assert len(timed) == len(set(timed)) > 4
    code, _, err = call(capsys, "case", "check", "template", "--verbose", "--lang", "ja")
    assert re.fullmatch(r"全体: [\d.]+秒", err.strip())
    code, _, err = call(capsys, "case", "check", "nowhere", "--verbose", "--lang", "en")
    assert code == EXIT_USER_ERROR
    assert "The whole" in err  # how long it took until it failed


def test_an_error_is_json_where_json_was_asked_for(capsys):
    code, out, err = call(capsys, "case", "check", "nowhere", "--json", "--lang", "ja")
    told = json.loads(err)["error"]
    assert code == EXIT_USER_ERROR
    assert out == ""
    assert told["key"] == "cases.no_case"
    assert "直し方" in told["message"]


def test_a_mistake_found_below_a_bar_stands_alone(capsys):
    asked = ("backcast", "template", "--goal", "nonsense", "--lang", "en")
    code, _, err = call(capsys, *asked, "--json")
    assert code == EXIT_USER_ERROR
    assert "nonsense" in json.loads(err)["error"]["message"]
    code, _, err = call(capsys, *asked)
    assert code == EXIT_USER_ERROR
    assert err.strip().startswith(say("desk.failed", "en"))
    code, _, err = call(capsys, "backcast", "template", "--lang", "en")
    assert code == EXIT_USER_ERROR
    assert "--goal" in err  # the option that is missing, as it is typed


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_a_new_case_is_commented_and_runs_as_it_is(capsys, tmp_path, lang):
    code, out, _ = call(capsys, "new", tmp_path / "mine", "--lang", lang)
    assert code == 0
    assert "kachisuji run" in out
    assert not (tmp_path / "mine" / "expected").exists()  # nobody's results but its own
    case = load(tmp_path / "mine")
    assert case.settings.id == "mine"
    assert case.settings.weights == load("template").settings.weights
    told = (tmp_path / "mine" / "case.toml").read_text(encoding="utf-8")
    for key in tomllib.loads(told):
        assert say(f"settings.case_{key}", lang) in told
    readme = (tmp_path / "mine" / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}.csv`" in readme for name in case.tables)
    assert bool(JAPANESE.search(readme.splitlines()[2])) == (lang == "ja")


def test_a_new_case_never_writes_over_and_appears_whole_or_not_at_all(
    capsys, tmp_path, monkeypatch
):
    (tmp_path / "mine").mkdir()
    code, _, err = call(capsys, "new", tmp_path / "mine", "--lang", "en")
    assert code == EXIT_USER_ERROR
    assert "How to mend it" in err
    code, _, err = call(capsys, "new", tmp_path / "other", "--from", "nowhere")
    assert code == EXIT_USER_ERROR

    def refuse(*_, **__):
        raise RunError("ledger.disk_full", file="x", why="full")

    monkeypatch.setattr("kachisuji.ledger.write_atomic", refuse)
    with pytest.raises(RunError):
        new_case(tmp_path / "other")
    assert [p.name for p in tmp_path.iterdir()] == ["mine"]
    assert list((tmp_path / "mine").iterdir()) == []


@pytest.mark.parametrize("name", ['a"b', "back\\slash", "勝ち筋", "with space", "-", "0"])
def test_a_new_case_takes_any_name_of_a_folder(tmp_path, name):
    case = load(new_case(tmp_path / name, lang="ja"))
    assert name in case.settings.title_en


def test_a_new_case_is_not_named_as_a_shipped_one(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, _, err = call(capsys, "new", "japan17")
    assert (code, "my_japan17" in err, list(tmp_path.iterdir())) == (2, True, [])
    assert load(new_case(tmp_path / "japan17")).path == tmp_path / "japan17"


def test_comments_leave_values_as_they_are():
    text = 'a = "x # y" # told\n\n[t]\nb = 1\n# old\n'
    assert commented(text, "case", "head", "en") == '# head\n\na = "x # y"\n\n[t]\nb = 1\n'


def test_every_setting_of_a_case_is_explained():
    from kachisuji.cases.settings import LineSpace, Package, Risk, Settings, Weights

    for prefix, model in (
        ("case", Settings), ("case_weights", Weights), ("case_risk", Risk),
        ("lines", LineSpace), ("lines_packages", Package),
    ):  # fmt: skip
        for name in model.model_fields:
            assert f"settings.{prefix}_{name}" in entries()


def test_the_doctor_says_what_is_wrong_and_how_to_mend_it(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(doctor, "_lacking", lambda names: [n for n in names if n == "numpy"])
    monkeypatch.setattr(doctor, "writable", lambda folder: False)
    monkeypatch.setattr(doctor, "memory", lambda: 1e9)
    monkeypatch.setenv("OMP_NUM_THREADS", "9999")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for lang, word in (("en", "How to mend it"), ("ja", "直し方")):
        code, out, _ = call(capsys, "doctor", "--lang", lang)
        assert code == 1
        assert out.count(f"{word}: ") == 7
        assert "numpy" in out
        assert "9999" in out
    told = json.loads(call(capsys, "doctor", "--json")[1])
    assert not told["well"]
    assert all(c["remedy"] for c in told["checks"] if c["state"] != "ok")


def test_the_doctor_knows_every_extra():
    needed = doctor.requirements()
    assert "numpy" in needed[""]
    for extra in needed:
        assert not extra or f"commands.extra_{extra}" in entries()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_completion_knows_every_command(capsys, shell):
    code, out, _ = call(capsys, "completion", shell)
    assert code == 0
    assert all(path[-1] in out for path in PATHS)


def test_completion_is_installed_without_touching_start_up_files(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("pathlib.Path.home", lambda: tmp_path)
    assert complete(build("en"), "bash", True, Telling("en")) == 0
    written = [p.name for p in tmp_path.rglob("*") if p.is_file()]
    assert written == ["kachisuji"]
    assert ".bashrc" not in os.listdir(tmp_path)
    assert "new shell" in capsys.readouterr().out


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash on this machine")
def test_bash_completes_a_command(tmp_path, capsys):
    script = call(capsys, "completion", "bash")[1]
    (tmp_path / "k").write_text(script, encoding="utf-8")
    asked = (
        f"source {tmp_path}/k; COMP_WORDS=(kachisuji ver); COMP_CWORD=1; _kachisuji; "
        'echo "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=True)
    assert {"verify", "version"} <= set(done.stdout.split())


def test_no_text_of_the_commands_is_unused():
    from pathlib import Path

    code = "\n".join(
        p.read_text(encoding="utf-8") for p in (Path(doctor.__file__).parent).rglob("*.py")
    )
    families = ("example_", "state_", "extra_", "word_")
    for key in entries():
        room, _, name = key.partition(".")
        if room in ("commands", "api") and not name.startswith(families):
            assert f'"{key}"' in code or f"'{key}'" in code, key
