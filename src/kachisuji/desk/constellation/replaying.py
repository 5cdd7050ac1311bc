"""Verifying what closed data changed: the answers' signatures, and the case made again from them.

Nobody is asked: the answers lie in the run folder as the committee opened them.
"""

from __future__ import annotations

import filecmp
import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from kachisuji.desk.constellation.protected import BEFORE, FILE, derive, read
from kachisuji.ledger import Difference
from kachisuji.words import InputError, RunError

if TYPE_CHECKING:
    from kachisuji.constellation import Answer, Question


class Replayed:
    """An asker that gives stored answers; what was refused then is refused now."""

    def __init__(self, kept: Mapping[str, Any]) -> None:
        from kachisuji.constellation import ask

        self.client = SimpleNamespace(url=kept["url"])
        self.authority = str(kept["authority"]).encode()
        self.committee = tuple(kept["committee"])
        self._stored = {ask(**a["question"]).digest(): a for a in kept["answers"]}

    def ask(self, question: Question, *, today: bool = True) -> Answer:
        """Return the stored answer to a question."""
        del today
        from kachisuji.constellation.answers import answer

        found = self._stored.get(question.digest())
        if found is None:
            raise InputError("constellation.too_few", want=question.minimum_nodes)
        return answer(found["id"], question, found["opened"], found["key"], found["proof"])


def compare_answers(case: Path) -> list[Difference]:
    """Return what is wrong with the protected answers of a run's case; empty without any.

    Raises
    ------
    InputError
        When the extra ``constellation``, which checks signatures, is not installed.
    RunError
        When ``protected.json`` cannot be read.
    """
    name = f"case/{FILE}"
    try:
        kept = read(case)
        if kept is None:
            return []
        out = [Difference(name, "nodes.diff_signature", {"got": a["name"]})
               for a in kept["answers"] if not _signed(a, kept)]  # fmt: skip
        return out or _made_again(case, kept)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise RunError("desk.bad_table", file=case / FILE, why=str(error)[:80]) from error


def _signed(stored: Mapping[str, Any], kept: Mapping[str, Any]) -> bool:
    from kachisuji.constellation import ask
    from kachisuji.constellation.proof import holds

    return holds(ask(**stored["question"]), stored["key"], stored["opened"], stored["proof"],
                 str(kept["authority"]).encode(), kept["committee"])  # fmt: skip


def _made_again(case: Path, kept: Mapping[str, Any]) -> list[Difference]:
    """Put the tables back as they were, derive the case from the answers, compare every file."""
    from kachisuji.cases import load

    with tempfile.TemporaryDirectory(prefix="kachisuji-replayed-") as place:
        before, again = Path(place) / case.name, Path(place) / "again"
        shutil.copytree(case, before)
        for table in kept["added"]:
            (before / f"{table}.csv").unlink()
        for table in (before / BEFORE).glob("*.csv"):
            table.replace(before / table.name)
        shutil.rmtree(before / BEFORE, ignore_errors=True)
        (before / FILE).unlink()
        derive(load(before), again, Replayed(kept), str(kept["when"]))  # type: ignore[arg-type]
        names = sorted({p.relative_to(f).as_posix() for f in (case, again) for p in f.rglob("*")
                        if p.is_file()})  # fmt: skip
        return [Difference(f"case/{n}", "nodes.diff_derived", {}) for n in names
                if not _alike(case / n, again / n)]  # fmt: skip


def _alike(stored: Path, again: Path) -> bool:
    if not (stored.is_file() and again.is_file()):
        return False
    if stored.name != FILE:
        return filecmp.cmp(stored, again, shallow=False)
    return bool(_rounded(json.loads(stored.read_text())) == _rounded(json.loads(again.read_text())))


def _rounded(value: Any) -> Any:
    """Numbers to nine digits: another machine may sum in another order."""
    if isinstance(value, dict):
        return {k: _rounded(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_rounded(v) for v in value]
    return float(f"{value:.9g}") if isinstance(value, float) else value
