"""Models trained by all nodes together: what they gain on held-out months, and who brings what."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

    from kachisuji.constellation import Question
    from kachisuji.constellation.asking import Asker
    from kachisuji.constellation.joint import Shared

F8 = NDArray[np.float64]
NICHES = 6
"""Nodes among which the worth of joining is split: all their coalitions are worked."""


@dataclass(frozen=True)
class Model:
    """Which curve is trained, in how many rounds, and with which noise (ε 0: secure sums only)."""

    name: str
    value: str
    rounds: int
    epsilon: float = 0.0


COST = Model("cost", "unit_cost_yen", 20)
YIELD = Model("yield", "yield_share", 20)
PROTECTED = Model("yield", "yield_share", 1, 2.0)


def question(process: str, model: Model, shared: Shared) -> Question:
    """Return one round's question."""
    from kachisuji.constellation import ask
    from kachisuji.constellation.evidence import LOGS, ODDS

    noise = {"protection": "noise", "epsilon": model.epsilon}
    how = noise if model.epsilon else {"protection": "sums", "epsilon": 1.0}
    bounds = ODDS if model.value == "yield_share" else LOGS
    return ask(kind="pooling", unit="node", groups={"process": (process,)}, value=model.value,
               prior=shared.as_prior(), **bounds, **how)  # fmt: skip


def train(
    asker: Asker, process: str, model: Model, told: Callable[[int, int], None] | None = None
) -> tuple[Shared, int]:
    """Train a model by rounds of the constellation; return the shared curve and how many nodes.

    ``told`` hears after each round its number and how many nodes were in it.
    """
    from kachisuji.constellation import joint
    from kachisuji.constellation.noise import deviations

    shared, nodes = (joint.START if model.epsilon else joint.VAGUE), 0
    first = question(process, model, shared)
    noise = float(deviations(first).max()) if model.epsilon else 0.0
    for k in range(model.rounds):
        answer = asker.ask(question(process, model, shared))
        nodes = answer.nodes
        # without noise the sum itself says how many nodes have months of the process
        shared = joint.pool(answer.values, nodes if model.epsilon else 0, noise)
        if told is not None:
            told(k + 1, nodes)
    return shared, nodes


def joined(
    asker: Asker, process: str, rows: Sequence[pd.DataFrame], model: Model
) -> dict[str, Any]:
    """Train a model by rounds of the constellation; compare it on months that nodes kept back.

    Parameters
    ----------
    rows
        Each node's months of ``process``: the truth, known here because the firms are synthetic.

    Returns
    -------
    dict
        Mean squared error on held-out months, in half bounds squared: ``alone`` (each node's least
        squares), ``together`` (pooled), ``vague`` (a vague prior, nobody joined); ``helped``, how
        many of ``nodes`` are better off than alone; ``rounds``, ``epsilon``, ``seconds``.
    """
    begun = time.perf_counter()
    shared, _ = train(asker, process, model)
    seconds = time.perf_counter() - begun
    errors = held_out(question(process, model, shared), rows, shared)
    return {
        "model": model.name, "rounds": model.rounds, "epsilon": model.epsilon, "seconds": seconds,
        "alone": float(errors[:, 0].mean()), "together": float(errors[:, 1].mean()),
        "vague": float(errors[:, 2].mean()), "nodes": len(rows),
        "helped": int((errors[:, 1] < errors[:, 0]).sum()),
    }  # fmt: skip


def held_out(q: Question, rows: Sequence[pd.DataFrame], shared: Shared) -> F8:
    """(nodes, 4) error on months kept back: alone, pooled, vague prior alone, a flat line."""
    from kachisuji.constellation import joint
    from kachisuji.constellation.contributions import logs, trained

    out = []
    for table in rows:
        u, y = trained(q, table)
        test = logs(q, table.sort_values("period").iloc[joint.train_rows(len(table)) :])
        lines = (joint.alone(u, y), joint.refine(shared, u, y)[0],
                 joint.refine(joint.START, u, y)[0], np.array([y.mean(), 0.0]))  # fmt: skip
        out.append([joint.held_out_error(c, *test) for c in lines])
    return np.array(out)


def worth(process: str, rows: Sequence[pd.DataFrame], model: Model) -> dict[str, Any]:
    """Work out what each coalition of the first nodes is worth, and split the whole by Shapley.

    The worth of a coalition is the part of a flat line's held-out error that its members' models
    take away: least squares for one by itself, the pooled curve for two and more. ``gaining`` of
    ``pairs`` of disjoint coalitions are worth no less together than apart (superadditivity).
    """
    from kachisuji.constellation import joint
    from kachisuji.constellation.contributions import trained
    from kachisuji.portfolios.sharing import shapley

    few = list(rows[: min(NICHES, len(rows))])
    q = question(process, model, joint.VAGUE)
    curves = [trained(q, r) for r in few]
    value = np.zeros(1 << len(few))
    for mask in range(1, value.size):
        inside = [i for i in range(len(few)) if mask >> i & 1]
        shared = joint.together([curves[i] for i in inside], model.rounds)
        errors = held_out(q, [few[i] for i in inside], shared)
        mine = errors[:, 1] if len(inside) > 1 else errors[:, 0]
        value[mask] = float((1.0 - mine / errors[:, 3]).sum())
    apart = [(a, b) for a in range(1, value.size) for b in range(a + 1, value.size) if not a & b]
    own = [float(value[1 << i]) for i in range(len(few))]
    gaining = sum(bool(value[a | b] >= value[a] + value[b]) for a, b in apart)
    return {
        "niches": len(few), "stand_alone": own, "alone": sum(own), "together": float(value[-1]),
        "surplus": float(value[-1]) - sum(own), "shapley": shapley(value).tolist(),
        "pairs": len(apart), "gaining": gaining,
    }  # fmt: skip
