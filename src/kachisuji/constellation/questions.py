"""The closed list of questions: what may be asked, and how much one row moves each answer.

A question is data, never code. Its categories and bounds are public and fixed before any node is
asked, so that nothing about the answers can be read from their shape. Every question becomes a
vector of whole numbers of fixed length; ``parts`` says how long, in which steps, and by how much
one privacy unit can move it in the L1 norm.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from kachisuji.constellation.tables import CODE, MOST_ROWS, schema
from kachisuji.words import InputError, Lang, estimate, number, say

Kind = Literal[
    "count", "sum", "mean", "histogram", "quantiles", "shares", "recipe",
    "linear", "logistic", "learning", "pooling",
]  # fmt: skip
KINDS: tuple[str, ...] = (
    "count", "sum", "mean", "histogram", "quantiles", "shares", "recipe",
    "linear", "logistic", "learning", "pooling",
)  # fmt: skip
PRIOR = ("mu_a", "mu_b", "s_aa", "s_ab", "s_bb", "noise")
COST, YIELD = "unit_cost_yen", "yield_share"
PROTOCOL = 3
"""Version of the protocol; a node or member of another version is told so and takes no part."""

ATTEMPTS = 3
"""Most attempts of one question; nodes and members hold to it themselves, for each is charged."""

MOST_EPSILON = 20.0
WARN_EPSILON = 3.0
MOST_CELLS = 100_000
MOST_PRIOR = 1e6
FINE = 1 << 20
"""Steps in which the greatest contribution of a row is counted: real numbers become integers."""

_COUNT_PART = 0.3  # of a question's ε goes to counts where sums are asked too
_VALUED = ("sum", "mean", "histogram", "quantiles", "shares", "recipe")
_ONE_TABLE = {"shares": "purchases", "recipe": "recipe", "learning": "production",
              "pooling": "production"}  # fmt: skip
_TEXT = ("code", "choice", "period")


class Question(BaseModel):
    """One question; the same bytes go to every node, so all answer the same.

    Attributes
    ----------
    kind, table, value
        What is asked of which table and column.
    low, high
        Bounds to which each value is clamped before anything else happens.
    groups
        Column -> its categories. Rows of other categories count nowhere.
    bins
        Equal bins between the bounds (histogram, quantiles, logistic).
    x, x_low, x_high
        Explaining column of a regression and its bounds. ``learning`` and ``pooling`` bound the
        logarithms (base e) of cumulative output and unit cost.
    epsilon
        Privacy loss of one answer; every retry costs it again.
    unit
        What is protected: one ``row`` of a node's table, or a whole ``node``.
    rows_most
        Most rows (privacy units) that a node contributes; further rows are left out. Fewer than
        a table may hold bound what a lying node can do, at twice the noise: see :func:`parts`.
    minimum_nodes, smallest
        Fewest nodes that answer; cells whose (protected) count is below ``smallest`` are
        suppressed.
    protection
        ``noise``, or ``sums``: secure sums without noise, only where a node's owner allows it.
    prior
        Parameters of a round of a joint model (``pooling``).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    kind: Kind
    table: str = ""
    value: str = ""
    low: float = 0.0
    high: float = 1.0
    groups: dict[str, tuple[str, ...]] = {}
    bins: Annotated[int, Field(ge=2, le=1000)] = 20
    x: str = ""
    x_low: float = 0.0
    x_high: float = 1.0
    epsilon: float
    unit: Literal["row", "node"] = "row"
    rows_most: Annotated[int, Field(ge=1, le=MOST_ROWS)] = MOST_ROWS
    minimum_nodes: Annotated[int, Field(ge=1, le=10_000)] = 5
    smallest: Annotated[float, Field(ge=0)] = 5.0
    protection: Literal["noise", "sums"] = "noise"
    prior: dict[str, float] = {}

    @model_validator(mode="before")
    @classmethod
    def _own_table(cls, given: Any) -> Any:
        """Kinds that belong to one table need not name it."""
        if isinstance(given, dict) and given.get("kind") in _ONE_TABLE:
            kind = given["kind"]
            value = {"shares": "value_million_yen", "recipe": "share"}.get(kind, COST)
            return {"table": _ONE_TABLE[kind], "value": value} | given
        return given

    def digest(self) -> str:
        """SHA-256 of the question's canonical form: what a node signs and a member checks."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(f"{PROTOCOL}:{text}".encode()).hexdigest()

    def shape(self) -> str:
        """Digest of everything but ε and a round's parameters: what «always» approves."""
        kept = self.model_dump(mode="json", exclude={"epsilon", "prior"})
        text = json.dumps(kept, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def cells(self) -> int:
        """Return the number of groups (1 without groups)."""
        return math.prod(len(c) for c in self.groups.values())

    def explain(self, lang: Lang = "en") -> str:
        """Say in plain words what an answer would reveal to the asker."""
        groups = ", ".join(f"{k} ({len(v)})" for k, v in self.groups.items())
        what = say(f"constellation.asks_{self.kind}", lang, value=self.value, table=self.table)
        if groups:
            what += say("constellation.asks_by", lang, groups=groups)
        guard = say(f"constellation.guards_{self.unit}", lang)
        if self.protection == "sums":
            return what + say("constellation.guard_sums", lang, nodes=self.minimum_nodes)
        told = {
            "epsilon": number(self.epsilon, lang),
            "odds": estimate(math.exp(self.epsilon), lang),
        }
        hidden = say(f"constellation.guards_whole_{self.unit}", lang)
        return what + say("constellation.guard_noise", lang, unit=guard, **told) + hidden


@dataclass(frozen=True)
class Part:
    """A stretch of the vector: its length, step, sensitivity in steps (L1), and share of ε."""

    name: str
    size: int
    step: float
    sensitivity: int
    share: float


def ask(**given: Any) -> Question:
    """Make a question from plain values.

    Raises
    ------
    InputError
        When it is not on the list, or its bounds, groups or ε cannot be.
    """
    try:
        question = Question(**given)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "question"
        if place == "kind":
            raise InputError(
                "constellation.not_on_list", got=given.get("kind", ""), known=", ".join(KINDS)
            ) from error
        got, want = got_and_wanted(first, Question)
        raise InputError("constellation.bad_question", column=place, want=want, got=got) from error
    check(question)
    return question


def got_and_wanted(found: Any, model: type[BaseModel]) -> tuple[str, str]:
    """Say in signs that every language reads what was given and what belongs there.

    Parameters
    ----------
    found
        One of pydantic's findings.
    model
        What was to be made: its settings are told where one is unknown.
    """
    kind, told = found["type"], found.get("ctx", {})
    name = str(found["loc"][-1]) if found["loc"] else "?"
    signs = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤"}
    bound = next((f"{signs[k]} {v:g}" for k, v in told.items() if k in signs), "")
    if kind == "missing":
        return f"{name} = ?", f"{name} = …"
    if kind == "extra_forbidden":
        return name, ", ".join(model.model_fields)
    want = bound or str(told.get("expected", kind.split("_")[0])).replace(" or ", ", ")
    return str(found.get("input"))[:60], want


def check(question: Question) -> None:
    """Refuse a question that names what is not there, or protects nothing."""
    q = question
    columns = {a.name: a for a in schema(q.table)}
    if not 0.0 < q.epsilon <= MOST_EPSILON:
        raise InputError("constellation.epsilon", got=q.epsilon, most=MOST_EPSILON)
    bounds = [(q.low, q.high)] + ([(q.x_low, q.x_high)] if _has_x(q) else [])
    if any(not low < high for low, high in bounds):
        raise InputError("constellation.bounds", got=str(bounds))
    numeric = [n for n, a in columns.items() if a.type in ("number", "integer")]
    needed = [q.value] if q.kind in (*_VALUED, "linear", "logistic") else []
    needed += [q.x] if q.kind in ("linear", "logistic") else []
    for name in needed:
        if name not in numeric:
            raise InputError("constellation.no_column", got=name, known=", ".join(numeric))
    texts = [n for n, a in columns.items() if a.type in _TEXT]
    for name, categories in q.groups.items():
        if name not in texts:
            raise InputError("constellation.no_group", got=name, known=", ".join(texts))
        if not categories or len(set(categories)) < len(categories):
            raise InputError("constellation.categories", got=name)
        for category in categories:  # tables hold codes: nothing else could match, or be logged
            if not CODE.fullmatch(category):
                raise InputError("constellation.not_code", got=category[:60])
    want = {"shares": "origin", "recipe": "input"}.get(q.kind)
    if want and (want not in q.groups or "product" not in q.groups):
        raise InputError("constellation.needs_groups", kind=q.kind, want=f"product, {want}")
    if q.kind == "learning" and q.unit == "node" and q.cells() != 1:
        raise InputError("constellation.pooling_alone")
    if q.kind == "pooling" and (q.unit != "node" or q.cells() != 1):
        raise InputError("constellation.pooling_alone")
    for name, value in q.prior.items():
        least = -MOST_PRIOR if name in ("mu_a", "mu_b", "s_ab") else 1.0 / MOST_PRIOR
        if name not in PRIOR or not least <= value <= MOST_PRIOR:
            known = ", ".join(PRIOR)
            raise InputError(
                "constellation.prior", got=value, name=name[:20], least=least, known=known
            )
    if q.kind == "pooling" and q.value not in (COST, YIELD):
        raise InputError("constellation.no_column", got=q.value, known=f"{COST}, {YIELD}")
    if length(q) > MOST_CELLS:
        raise InputError("constellation.too_many_cells", got=length(q), most=MOST_CELLS)


def _has_x(q: Question) -> bool:
    return q.kind in ("linear", "logistic", "learning", "pooling")


def warnings(question: Question, lang: Lang = "en") -> list[str]:
    """Say what an asker and an owner should think twice about."""
    out = []
    if question.protection == "noise" and question.epsilon > WARN_EPSILON:
        out.append(say("constellation.warn_epsilon", lang, got=question.epsilon))
    if question.protection == "sums":
        out.append(say("constellation.warn_sums", lang))
    return out


def half_width(question: Question) -> float:
    """Greatest distance of a clamped value from what it is counted from (0, or the middle)."""
    if question.kind == "mean":
        return (question.high - question.low) / 2.0
    return max(abs(question.low), abs(question.high))


def parts(question: Question) -> tuple[Part, ...]:
    """Return the stretches of a question's vector.

    With the unit ``row``, the sensitivity is the L1 distance that adding or leaving out one row
    makes; twice that where ``rows_most`` is below what a table may hold, for then a row that is
    left out lets another in. With the unit ``node`` it is ``rows_most`` times one row's, and a
    node scales its whole vector down to it.
    """
    q, cells = question, question.cells()
    many = q.rows_most if q.unit == "node" else 1 if q.rows_most >= MOST_ROWS else 2
    one = half_width(q) / FINE
    if q.kind == "count":
        out = [Part("count", cells, 1.0, 1, 1.0)]
    elif q.kind in ("histogram", "quantiles"):
        out = [Part("count", cells * q.bins, 1.0, 1, 1.0)]
    elif q.kind == "logistic":
        out = [Part("count", cells * q.bins * 2, 1.0, 1, 1.0)]
    elif q.kind in ("sum", "mean", "recipe"):
        rest = 1.0 - _COUNT_PART
        out = [Part("count", cells, 1.0, 1, _COUNT_PART), Part("sum", cells, one, FINE, rest)]
    elif q.kind == "shares":
        # a row moves its value by up to the clamp, and value-weighted stock days and spare by the
        # same: each is scaled to the clamp
        shared = (1.0 - _COUNT_PART) / 4.0
        out = [Part("count", cells, 1.0, 1, _COUNT_PART)]
        out += [Part("value", cells, one, FINE, 2 * shared)]
        out += [Part(n, cells, one, FINE, shared) for n in ("stock", "spare")]
    elif q.kind == "linear":
        # n, x, y, xx, xy, yy of values mapped to [-1, 1]: each moves by one at most
        out = [Part("moments", cells * 6, 1.0 / FINE, 6 * FINE, 1.0)]
    elif q.kind == "learning" and q.unit == "node":
        # a node's own slope, clamped to [0, STEEPEST] and counted from the middle, and its square
        half = STEEPEST / 2.0
        return (
            Part("slope", 1, half / FINE, FINE, 0.75),
            Part("square", 1, half**2 / FINE, FINE, 0.25),
        )
    elif q.kind == "learning":
        # centred in each node: n/(n+1)·(x−x̄)² ≤ 4 for each of three; rounding moves each by one
        out = [Part("moments", cells * 4, 1.0 / FINE, 13 * FINE + 4, 1.0)]
    else:  # pooling: (1, m, v) of the node's parameters, clipped by the node; unit is the node
        norm = POOLED * FINE if q.protection == "sums" else round(POOLED_NORM * FINE)
        return (Part("rounds", POOLED, 1.0 / FINE, norm, 1.0),)
    return tuple(Part(p.name, p.size, p.step, p.sensitivity * many, p.share) for p in out)


STEEPEST = 0.8
"""Greatest Wright exponent b that a node's own slope counts for (a learning rate of 43 %)."""

POOLED = 8
"""Numbers a node sends in a round of the joint model, each within [-1, 1]."""

POOLED_NORM = 0.6
"""Most that these numbers add up to in size where noise protects them: a node scales them down."""


def length(question: Question) -> int:
    """Return how many whole numbers a question's vector has."""
    return sum(p.size for p in parts(question))
