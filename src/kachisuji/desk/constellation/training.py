"""A model trained by the nodes of a constellation, and what each owner gains from it."""

from __future__ import annotations

import json
import math
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from kachisuji.desk.constellation import joining
from kachisuji.desk.telling import Telling
from kachisuji.words import InputError, KachisujiError, Lang, number, percent, say

if TYPE_CHECKING:
    from kachisuji.constellation import Question
    from kachisuji.constellation.joint import Shared
    from kachisuji.constellation.node import Node

MOST_ROUNDS = 200
FOUR_IN_FIVE = 1.2816  # deviations of a normal distribution that hold four fifths of it
CURVES = ("alone", "together", "vague", "flat")  # as joining.held_out gives their errors
VALUES = {"cost": "unit_cost_yen", "yield": "yield_share"}


def model_of(value: Literal["cost", "yield"], rounds: int, epsilon: float) -> joining.Model:
    """Return the model that is meant: 0 rounds are 20 of secure sums, or one with noise."""
    if not 0 <= rounds <= MOST_ROUNDS:
        raise InputError(
            "desk.bad_option", option="--rounds", got=rounds, want=f"0 – {MOST_ROUNDS}"
        )
    if not (math.isfinite(epsilon) and epsilon >= 0.0):
        raise InputError("desk.bad_option", option="--epsilon", got=epsilon, want="≥ 0")
    usual = joining.PROTECTED.rounds if epsilon else joining.COST.rounds
    return joining.Model(value, VALUES[value], rounds or usual, epsilon)


def by_doubling(slope: float, q: Question) -> float:
    """Return by which share a doubling of output changes unit cost, or the odds of a good piece.

    ``2^s − 1`` with ``s`` the slope in logarithms: Wright (1936), Journal of the Aeronautical
    Sciences 3.
    """
    return math.exp2(slope * (q.high - q.low) / (q.x_high - q.x_low)) - 1.0


def _signed(share: float, lang: Lang) -> str:
    return ("+" if share > 0 else "") + percent(share, lang)


def train(
    process: str, identity: Path, url: str, model: joining.Model, patience: float,
    out: Path | None, telling: Telling,
) -> int:  # fmt: skip
    """Run the rounds and tell the curve that the nodes share; each keeps its own refinement."""
    from kachisuji.constellation import joint, warnings
    from kachisuji.constellation.asking import Asker
    from kachisuji.constellation.node import read_place
    from kachisuji.desk.constellation.acting import need_patience
    from kachisuji.ledger import write_atomic

    need_patience(patience)
    first = joining.question(process, model, joint.START if model.epsilon else joint.VAGUE)
    for warning in warnings(first, telling.lang):
        telling.say(warning)

    def told(k: int, nodes: int) -> None:
        telling.say(say("nodes.round", telling.lang, k=k, rounds=model.rounds, nodes=nodes))

    with closing(Asker(identity, url or read_place(identity).url, patience)) as asker:
        shared, nodes = joining.train(asker, process, model, told)
    value = _shared(process, model, shared, nodes, first)
    if out is not None:
        write_atomic(out, json.dumps(value, indent=1, ensure_ascii=False) + "\n")
    telling.result(_told(value, telling.lang), value)
    return 0


def _shared(
    process: str, model: joining.Model, shared: Shared, nodes: int, q: Question
) -> dict[str, Any]:
    deviation = float(np.sqrt(shared.sigma[1, 1]))
    low, high = (
        by_doubling(float(shared.mu[1]) + k * FOUR_IN_FIVE * deviation, q) for k in (-1.0, 1.0)
    )
    return {
        "process": process, "model": model.name, "rounds": model.rounds, "epsilon": model.epsilon,
        "nodes": nodes, "change": by_doubling(float(shared.mu[1]), q), "low": low, "high": high,
        "curve": shared.as_prior(),
    }  # fmt: skip


def _told(value: dict[str, Any], lang: Lang) -> str:
    told = {k: _signed(value[k], lang) for k in ("change", "low", "high")}
    return "\n".join([
        say(f"nodes.trained_{value['model']}", lang, process=value["process"],
            nodes=value["nodes"], **told),
        say("nodes.trained_kept", lang),
    ])  # fmt: skip


def models(folder: Path, telling: Telling) -> int:
    """Tell an owner what each joint model gains on months that the node kept back."""
    from kachisuji.constellation.node import Node

    found = own_models(Node(folder))
    lines = [line for value in found for line in gain_lines(value, telling.lang)]
    lines.append(say("nodes.models", telling.lang, count=len(found)))
    telling.result("\n".join(lines), found)
    return 0


def own_models(node: Node) -> list[dict[str, Any]]:
    """Return what a node keeps of each joint model, and how far curves miss the months kept back.

    ``change`` of unit cost or odds by a doubling of output; root mean squares of logarithms:
    ``together`` (the joint curve), ``alone`` (own least squares), ``vague`` (a vague prior),
    ``flat`` (no slope), absent where no month is kept back.
    """
    return [
        _own_model(node, file)
        for file in sorted(node.folder.glob("refined-*.json"), key=lambda f: f.stem)
    ]


def _own_model(node: Node, file: Path) -> dict[str, Any]:
    from kachisuji.constellation import ask
    from kachisuji.constellation.contributions import cell_of
    from kachisuji.constellation.joint import Shared, train_rows

    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        q, slope = ask(**kept["question"]), float(kept["curve"][1])
    except (ValueError, KeyError, TypeError, IndexError, KachisujiError) as error:
        raise InputError("nodes.refinement_broken", file=file) from error
    table = node.table(q.table)
    rows = table[cell_of(q, table) >= 0]
    (process,) = q.groups.get("process", ("all",))
    value = {"process": process, "model": "yield" if q.value == VALUES["yield"] else "cost",
             "months": len(rows), "held_back": len(rows) - train_rows(len(rows)),
             "change": by_doubling(slope, q), "file": str(file)}  # fmt: skip
    if value["held_back"]:
        half = (q.high - q.low) / 2.0
        errors = np.sqrt(joining.held_out(q, [rows], Shared.of(q.prior))[0]) * half
        value |= dict(zip(CURVES, errors.tolist(), strict=True))
    return value


def gain_lines(value: dict[str, Any], lang: Lang) -> list[str]:
    """Tell one model: the node's own curve, and how far each curve misses the months kept back."""
    key = f"nodes.refined_{value['model']}"
    lines = [say(key, lang, process=value["process"], change=_signed(value["change"], lang))]
    if "together" not in value:
        return [*lines, say("nodes.gain_none", lang, months=value["months"])]
    told = {k: number(value[k], lang, 3) for k in CURVES}
    best = min(CURVES, key=lambda k: float(value[k]))
    return [*lines, say(f"nodes.gain_{best}", lang, months=value["held_back"], **told)]
