"""What a node's owner allows: which questions, by whom, for how much, approved by whom."""

from __future__ import annotations

import hashlib
import json
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kachisuji.constellation.questions import MOST_EPSILON, Kind, Question, ask, got_and_wanted
from kachisuji.constellation.storage import locked, write
from kachisuji.words import InputError

POLICY, APPROVALS = "policy.toml", "approvals.json"
_FIRST = """\
# What this node allows. Change it with any editor; `kachisuji node check FOLDER` reads it.
# このノードが許可する内容。編集後は `kachisuji node check フォルダ` で確かめる。

minimum_nodes = {minimum_nodes}        # 最少参加ノード数 / fewest nodes in an answer
epsilon_most = {epsilon_most}        # 1回の問いのε上限 / greatest ε of one question
unit = "{unit}"             # 守る単位 row か node / what must be protected: "row" or "node"
sums_only = {sums_only}        # 雑音なしの合計を許すか / allow secure sums without noise
joint_sums = {joint_sums}       # 共同モデルの各回のみ雑音なし可 / rounds of a joint model only
ask_me = {ask_me}           # 問いごとに承認するか / wait for approval of each new question
kinds = {kinds}               # 許す問いの種類（空なら全て） / kinds allowed; empty means all

[budget]                 # 問い手ごとのε総量 / total ε of each asker
{budget}
"""


class Policy(BaseModel):
    """The owner's rules, as ``policy.toml`` says them."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    minimum_nodes: Annotated[int, Field(ge=1)] = 5
    epsilon_most: Annotated[float, Field(gt=0, le=MOST_EPSILON)] = 1.0
    unit: Literal["row", "node"] = "row"
    sums_only: bool = False
    joint_sums: bool = False
    ask_me: bool = True
    kinds: tuple[Kind, ...] = ()
    budget: dict[str, Annotated[float, Field(gt=0, le=1000)]] = {}

    def refusal(self, question: Question, asker: str) -> str | None:
        """Return the reason for which ``question`` is refused (a catalogue key), or None."""
        q = question
        if asker not in self.budget:
            return "refused_asker"
        if self.kinds and q.kind not in self.kinds:
            return "refused_kind"
        exactly = self.sums_only or (self.joint_sums and q.kind == "pooling")
        if q.protection == "sums" and not exactly:
            return "refused_sums"
        if q.epsilon > self.epsilon_most:
            return "refused_epsilon"
        if self.unit == "node" and q.unit == "row":
            return "refused_unit"
        return None


def read_policy(folder: Path) -> Policy:
    """Read a node's policy.

    Raises
    ------
    InputError
        When it is missing, no TOML, or a rule cannot be (a budget of zero, an absurd ε).
    """
    file = folder / POLICY
    try:
        given = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError("constellation.no_node", file=folder) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError("constellation.not_toml", file=file, why=str(error)) from error
    try:
        return Policy(**given)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        key = "constellation.bad_budget" if place.startswith("budget") else "constellation.bad_rule"
        got, want = got_and_wanted(first, Policy)
        raise InputError(key, file=file, column=place, got=got, want=want) from error


def write_policy(folder: Path, policy: Policy) -> None:
    """Write ``policy.toml`` with its explanations in both languages."""
    budget = "\n".join(f"{k} = {v}" for k, v in policy.budget.items()) or "# ministry = 4.0"
    text = _FIRST.format(
        minimum_nodes=policy.minimum_nodes, epsilon_most=policy.epsilon_most, budget=budget,
        sums_only=str(policy.sums_only).lower(), joint_sums=str(policy.joint_sums).lower(),
        ask_me=str(policy.ask_me).lower(), unit=policy.unit, kinds=json.dumps(policy.kinds),
    )  # fmt: skip
    write(folder / POLICY, text)


@dataclass(frozen=True)
class Standing:
    """An approval that stands until it is withdrawn.

    Attributes
    ----------
    ident
        Names it when it is withdrawn.
    asker, epsilon
        Whose questions are answered without asking the owner, up to which ε each.
    question
        What was approved; None where an earlier version kept its digest only.
    since
        When (UTC); empty where an earlier version kept none.
    """

    ident: str
    asker: str
    epsilon: float
    question: Question | None
    since: str


class Approvals:
    """What the owner approved: single questions, and shapes of questions for good."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / APPROVALS

    def _read(self) -> dict[str, dict[str, Any]]:
        if not self.file.exists():
            return {"once": {}, "always": {}, "never": {}}
        try:
            found: dict[str, dict[str, Any]] = json.loads(self.file.read_text(encoding="utf-8"))
            for _ in found["once"].items(), found["never"].items():
                pass
            for key, most in found["always"].items():
                _standing(key, most)
        except (ValueError, KeyError, TypeError, AttributeError, InputError) as error:
            raise InputError("constellation.damaged", file=self.file) from error
        return found

    def decide(self, question_id: str, question: Question, asker: str, how: str) -> None:
        """Keep a decision.

        ``once`` is for this very question of this asker under this id; ``always`` for this asker
        and shape up to this ε; ``never`` for this id.
        """
        with locked(self.folder):
            kept = self._read()
            if how == "always":
                since = datetime.now(UTC).isoformat(timespec="seconds")
                told = {"question": question.model_dump(mode="json"), "since": since}
                kept[how][f"{asker}:{question.shape()}"] = told
            else:
                kept[how][question_id] = f"{asker}:{question.digest()}"
            self._write(kept)

    def _write(self, kept: dict[str, dict[str, Any]]) -> None:
        write(self.file, json.dumps(kept, indent=1))

    def state(self, question_id: str, question: Question, asker: str) -> str:
        """Return ``approved``, ``never`` or ``waiting``."""
        kept = self._read()
        if question_id in kept["never"]:
            return "never"
        key = f"{asker}:{question.shape()}"
        most = _standing(key, kept["always"][key]).epsilon if key in kept["always"] else 0.0
        once = kept["once"].get(question_id) == f"{asker}:{question.digest()}"
        return "approved" if once or question.epsilon <= most else "waiting"

    def standing(self) -> tuple[Standing, ...]:
        """Return what is approved until withdrawn, oldest first."""
        found = [_standing(key, said) for key, said in self._read()["always"].items()]
        return tuple(sorted(found, key=lambda s: (s.since, s.asker, s.ident)))

    def withdraw(self, ident: str) -> Standing:
        """Withdraw a standing approval: from now on such questions wait for the owner again.

        Further attempts of a question that was answered under it wait too; what was sent is sent.

        Raises
        ------
        InputError
            When no standing approval has this id.
        """
        with locked(self.folder):
            kept = self._read()
            for key, said in kept["always"].items():
                if (found := _standing(key, said)).ident == ident:
                    del kept["always"][key]
                    self._write(kept)
                    return found
        raise InputError("constellation.not_standing", got=ident[:64])


def _standing(key: str, said: Any) -> Standing:
    """Read a standing approval; an earlier version kept nothing but the greatest ε."""
    asker, _, shape = key.rpartition(":")
    ident = hashlib.sha256(key.encode()).hexdigest()[:8]
    if isinstance(said, str):
        return Standing(ident, asker, float(said), None, "")
    question = ask(**said["question"])
    if question.shape() != shape:
        raise ValueError("the question is not the one that was approved")
    return Standing(ident, asker, question.epsilon, question, str(said["since"]))
