"""``case.toml`` and ``lines.toml`` as typed, frozen settings."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kachisuji.cases.problems import nearest
from kachisuji.cases.sheets import decode
from kachisuji.words import InputError

Text = Annotated[str, Field(min_length=1)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
NotNegative = Annotated[float, Field(ge=0.0)]
Year = Annotated[int, Field(ge=1950, le=2200)]


M = TypeVar("M", bound=BaseModel)


class Frozen(BaseModel):
    """Settings that cannot change and hold no unknown name."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False, allow_inf_nan=False)


class Weights(Frozen):
    """Weights of the weighted objective: money a unit of each measure."""

    welfare: NotNegative = 1.0
    indispensability: NotNegative = 0.0
    exposure: NotNegative = 0.0


class Risk(Frozen):
    """How risk counts: the mean of the worst ``tail`` of futures, or the greatest regret."""

    measure: Literal["cvar", "regret"] = "cvar"
    tail: Annotated[float, Field(gt=0.0, le=1.0)] = 0.2
    weight: Share = 0.5


class Rule(Frozen):
    """A rule on segments: lines of some need one of others beside them, or exclude one another."""

    kind: Literal["needs", "excludes"]
    segments: Annotated[tuple[Text, ...], Field(min_length=1)]
    beside: tuple[Text, ...] = ()
    """Of ``needs``: a line of one of these must be chosen as well."""


class Balance(Frozen):
    """At least a share of the public money that lines of segments cost goes to these segments."""

    segments: Annotated[tuple[Text, ...], Field(min_length=1)]
    share: Share


class Aim(Frozen):
    """One goal of ``objective = "goals"``, raised (or lowered) as far as those before it allow."""

    measure: Literal["growth", "welfare", "indispensability", "exposure", "digital_balance", "cost"]
    enough: float | None = None
    """Level of the mean that will do; of exposure and cost one to stay below."""
    give: Share = 0.0
    """Share of its best that may be given up for the goals after it."""


class Joined(Frozen):
    """What two segments are worth together beyond what the model shows, stated by the case."""

    segments: tuple[Text, Text]
    value: float
    """Over the whole horizon, in money units; below zero where they get in each other's way."""
    evidence: Text


class Choosing(Frozen):
    """``[choice]``: further limits on the portfolio, and by what it is chosen."""

    objective: Literal["risk", "satisficing", "goals"] = "risk"
    """Risk-adjusted value, the odds that value reaches ``threshold``, or goals one by one."""
    threshold: float = 0.0
    """Of ``satisficing``: value over the whole horizon, in money units."""
    pairs: bool = False
    """Whether what linked segments are worth together counts before the joint play."""
    carry_over: bool = False
    """Money left in one year may be spent later."""
    max_lines_per_partner: Annotated[int, Field(ge=0)] | None = None
    partner_limits: Mapping[Text, Annotated[int, Field(ge=0)]] = {}
    """Limits of single partners, in place of ``max_lines_per_partner``."""
    rules: tuple[Rule, ...] = ()
    balance: tuple[Balance, ...] = ()
    goals: Annotated[tuple[Aim, ...], Field(max_length=5)] = ()
    """Of ``goals``: two to five, the most important first."""
    together: tuple[Joined, ...] = ()


class Settings(Frozen):
    """``case.toml``: whose case it is, over which years, in which money, how it is judged."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
    title_en: Text
    title_ja: Text
    home: Text
    base_year: Year
    first_year: Year
    last_year: Year
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    money_unit: Annotated[float, Field(gt=0.0)]
    table: Text = "reference"
    usd_rate: Annotated[float, Field(gt=0.0)]
    discount: Annotated[float, Field(ge=0.0, le=0.3)]
    discount_beside: Annotated[
        tuple[Annotated[float, Field(ge=0.0, le=0.3)], ...], Field(min_length=2, max_length=2)
    ]
    max_fields: Annotated[int, Field(ge=1)]
    confidence: Annotated[float, Field(gt=0.0, lt=1.0)]
    closed_data: tuple[Text, ...] = ()
    """Instruments that join data others do not have (AI layers, ``contest.layer_lines``)."""
    identical_segments: bool = False
    """Allow segments with the same parameters: only for tests of neutrality."""
    weights: Weights = Weights()
    risk: Risk = Risk()
    choice: Choosing = Choosing()

    @property
    def years(self) -> range:
        """The simulated years."""
        return range(self.first_year, self.last_year + 1)


class Package(Frozen):
    """Instruments that a line uses together, and the types of business that they fit."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
    name_en: Text
    name_ja: Text
    instruments: Annotated[tuple[Text, ...], Field(min_length=1)]
    business: tuple[Text, ...] = ()
    markets: Text
    tranches: Annotated[int, Field(ge=1, le=10)] = 1
    """Equal parts in which the money is released; each after the first only on success."""
    clawback: Share = 0.0
    """Part of the money paid that is taken back where the line has failed at its planned end."""
    sunset: bool = False
    """Whether a law ends the spending in its planned last year."""
    withdrawable: bool = False
    """Whether triggers to withdraw are announced beforehand; firms then commit less."""


class LineSpace(Frozen):
    """``lines.toml``: which lines are enumerated."""

    starts: Annotated[tuple[Year, ...], Field(min_length=1)]
    intensities: Annotated[tuple[Annotated[float, Field(gt=0.0)], ...], Field(min_length=1)]
    credit_amounts: Annotated[tuple[Annotated[float, Field(gt=0.0)], ...], Field(min_length=1)]
    spend_years: Annotated[int, Field(ge=1)]
    scopes: Annotated[tuple[Literal["whole", "niche"], ...], Field(min_length=1)]
    market_groups: Annotated[Mapping[str, tuple[Text, ...]], Field(min_length=1)]
    packages: Annotated[tuple[Package, ...], Field(min_length=1)]


def line_of(text: str, place: tuple[str | int, ...]) -> int | None:
    """Return the line of the innermost key of a place in a TOML text, None when not found."""
    names = [p for p in place if isinstance(p, str)]
    if not names:
        return None
    lines = text.splitlines()

    def hits(pattern: str, begin: int = 0) -> list[int]:
        return [n for n, line in enumerate(lines, 1) if n > begin and re.match(pattern, line)]

    rank = next((p for p in place if isinstance(p, int)), 0)
    key = rf"\s*(\[*[\w.]*\b)?{re.escape(names[-1])}\b\s*(=|\])"
    header = rf"\s*\[+\s*{re.escape('.'.join(names[:-1]))}\s*\]"
    tables = hits(header) if len(names) > 1 else []
    if tables and (inside := hits(key, tables[min(rank, len(tables) - 1)])):
        return inside[0]
    found = hits(key)
    return found[min(rank, len(found) - 1)] if found else None


def _problem(error: Any, text: str, file: Path, model: type[BaseModel]) -> InputError:
    """Turn one of pydantic's findings to an error of the house, in both languages."""
    place = tuple(error["loc"])
    names = [str(p) for p in place]
    kind, context = error["type"], error.get("ctx", {})
    values: dict[str, Any] = {"got": repr(error["input"])}
    if kind == "missing":
        return InputError("cases.setting_missing", file=file, column=".".join(names))
    if kind == "extra_forbidden":
        key, values = "cases.setting_unknown", {"known": nearest(names[-1], model.model_fields)}
    elif kind == "literal_error":
        known = context["expected"].replace(" or ", ", ")  # pydantic says it in English
        key, values["known"] = "cases.setting_choice", known
    elif kind == "string_pattern_mismatch":
        key, values["pattern"] = "cases.setting_pattern", context["pattern"]
    elif kind in ("greater_than", "greater_than_equal", "less_than", "less_than_equal"):
        sign = {"greater_than": ">", "greater_than_equal": "≥", "less_than": "<"}.get(kind, "≤")
        bound = next(v for k, v in context.items() if k in ("gt", "ge", "lt", "le"))
        key, values["bound"] = "cases.setting_bound", f"{sign} {bound:g}"
    elif kind in ("too_short", "too_long", "string_too_short"):
        key = "cases.setting_length"
    else:
        key, values["want"] = "cases.setting_type", kind.split("_")[0]
    return InputError(key, file=file, row=line_of(text, place), column=".".join(names), **values)


def read_toml(file: Path, content: bytes, model: type[M]) -> M | list[InputError]:
    """Return the settings of a TOML file, or every mistake in it."""
    try:
        text = decode(content, file)
        return model.model_validate(tomllib.loads(text))
    except InputError as error:
        return [error]
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        row = int(found[1]) if found else None
        return [InputError("cases.not_toml", file=file, row=row, why=str(error))]
    except ValidationError as error:
        return [_problem(e, text, file, model) for e in error.errors()]
