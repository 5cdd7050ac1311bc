"""Why a segment or a field is in the portfolio, is left out, or is not ranked.

Every sentence is made from the stored run; every number stands in ``numbers`` too, and every
piece of evidence behind it is cited by its id.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
from markupsafe import Markup, escape

from kachisuji.cases.problems import nearest
from kachisuji.desk.findings import chosen
from kachisuji.desk.report.bilingual import Both, fixed, listed, percent, plain, points, t
from kachisuji.desk.report.names import Names
from kachisuji.desk.report.sections.choice import path_of
from kachisuji.desk.rows import records
from kachisuji.desk.rows import row as row_of
from kachisuji.words import InputError, Lang

if TYPE_CHECKING:
    from kachisuji.cases import Case
    from kachisuji.desk.stored import StoredRun

CREDIT = "credit"  # what the horizontal credit, a line of no segment, is asked for by
DECIDING = 3  # quantities named as what a result hangs on


@dataclass(frozen=True)
class Reason:
    """Why one segment has the place it has.

    Attributes
    ----------
    segment, name, state
        Identifier, name, and ``in`` (the portfolio), ``out`` or ``thin`` (not ranked).
    sentences
        The reasons in both languages, the decision first.
    numbers
        The figures in the sentences: money in the case's unit, shares between 0 and 1.
    evidence
        Ids behind what decides and behind the segment's goals, without repetition.
    """

    segment: str
    name: Both
    state: str
    sentences: tuple[Both, ...]
    numbers: dict[str, float]
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class Why:
    """The answer to ``run.why(...)``: text in both languages, numbers, evidence.

    Attributes
    ----------
    title
        What was asked for.
    reasons
        One for each of its segments.
    evidence
        Cited rows of the register, indexed by id: grade, statement_en, statement_ja, source, date,
        address.
    lang
        Language that ``str()`` and a notebook show.
    """

    title: Both
    reasons: tuple[Reason, ...]
    evidence: pd.DataFrame
    lang: Lang = "en"

    @property
    def en(self) -> str:
        """The answer in English."""
        return self.text("en")

    @property
    def ja(self) -> str:
        """The answer in Japanese."""
        return self.text("ja")

    @property
    def numbers(self) -> pd.DataFrame:
        """The figures of every segment, one row each."""
        rows = [{"segment": r.segment, "state": r.state, **r.numbers} for r in self.reasons]
        return pd.DataFrame(rows).set_index("segment")

    def text(self, lang: Lang) -> str:
        """Return the whole answer in one language, a paragraph for each segment."""
        glue = " " if lang == "en" else ""
        cites = t("api.why_cites").of(lang)
        parts = [self.title.of(lang)]
        for reason in self.reasons:
            told = glue.join(s.of(lang) for s in reason.sentences)
            named = t("documents.point", name=cites, text=", ".join(reason.evidence)).of(lang)
            ids = f" [{named}]" if reason.evidence else ""
            parts.append(told + ids)
        return "\n\n".join(parts)

    def as_dict(self, lang: Lang) -> dict[str, Any]:
        """Return the answer as plain values, for machines."""
        return {
            "title": self.title.of(lang),
            "reasons": [
                {
                    "segment": r.segment,
                    "name": r.name.of(lang),
                    "state": r.state,
                    "text": [s.of(lang) for s in r.sentences],
                    "numbers": r.numbers,
                    "evidence": list(r.evidence),
                }
                for r in self.reasons
            ],
            "evidence": cited(self.evidence, lang),
        }

    def __str__(self) -> str:
        return self.text(self.lang)

    def __repr__(self) -> str:
        return self.text(self.lang)

    def _repr_html_(self) -> str:
        parts = [Markup("<h3>{}</h3>").format(self.title.of(self.lang))]
        for reason in self.reasons:
            parts.append(Markup("<p><strong>{}</strong></p><ul>").format(reason.name.of(self.lang)))
            parts += [Markup("<li>{}</li>").format(s.of(self.lang)) for s in reason.sentences]
            parts.append(Markup("</ul>"))
        rows = cited(self.evidence, self.lang)
        if rows:
            head = escape(t("api.why_cites").of(self.lang))
            parts.append(Markup("<details><summary>{} ({})</summary><ul>").format(head, len(rows)))
            parts += [
                Markup("<li><code>{id}</code> {statement} <em>{source}</em></li>").format(**r)
                for r in rows
            ]
            parts.append(Markup("</ul></details>"))
        return str(Markup("").join(parts))


def cited(evidence: pd.DataFrame, lang: Lang) -> list[dict[str, str]]:
    """Rows of evidence as plain texts in one language."""
    return [
        {
            "id": str(key),
            "grade": str(row["grade"]),
            "statement": str(row[f"statement_{lang}"]),
            "source": _text(row["source"]),
            "date": _text(row["date"]),
            "address": _text(row["address"]),
        }
        for key, row in zip(evidence.index, records(evidence), strict=True)
    ]


def _text(value: object) -> str:
    return "" if value is None or value != value else str(value)


def find_evidence(case: Case, ids: list[str] | tuple[str, ...]) -> pd.DataFrame:
    """Return rows of the register by id, in the order asked for.

    Raises
    ------
    InputError
        If the case has no such id.
    """
    register = case.tables["evidence"].set_index("id")
    for key in ids:
        if key not in register.index:
            known = nearest(key, list(register.index), 3)
            raise InputError("api.unknown_evidence", got=key, known=known)
    return register.loc[list(ids)]


def _key(text: object) -> str:
    """Fold case, width, spaces and dashes, so that a name is found as people type it."""
    folded = unicodedata.normalize("NFKC", str(text)).casefold()
    return "".join(c for c in folded if c.isalnum())


def subjects(names: Names, what: str | int) -> tuple[Both, list[str]]:
    """Find a segment or a field by identifier, number or name in either language.

    Returns
    -------
    title, segments
        Its name, and the identifiers of its segments (``credit`` for the horizontal credit).

    Raises
    ------
    InputError
        If there is none, or a part of a name fits several.
    """
    known: dict[str, tuple[Both, list[str]]] = {}
    segments = [s for s in names.segments if s]
    for field, name in names.fields.items():
        own = [s for s in segments if names.field_of[s] == field]
        if own:
            known |= dict.fromkeys((str(field), name.en, name.ja), (name, own))
    for segment in segments:
        name = names.segments[segment]
        for label in (name.en, name.ja):
            known.setdefault(label, (name, [segment]))
        known[segment] = (name, [segment])
    credit = names.segments[""]
    known |= dict.fromkeys((CREDIT, credit.en, credit.ja), (credit, [CREDIT]))
    asked = _key(what)
    exact = {_key(label): found for label, found in known.items()}
    if asked in exact:
        return exact[asked]
    near = {str(v[1]): v for label, v in exact.items() if asked and asked in label}
    if len(near) == 1:
        return next(iter(near.values()))
    if near:
        told = ", ".join(i for _, own in near.values() for i in own[:2])
        raise InputError("api.ambiguous_subject", got=what, known=told)
    raise InputError("api.unknown_subject", got=what, known=nearest(str(what), segments, 20))


def why(run: StoredRun, what: str | int, lang: Lang = "en", names: Names | None = None) -> Why:
    """Say why a segment, or each segment of a field, has the place it has.

    Parameters
    ----------
    run
        The stored run.
    what
        Identifier, field number, or a name in English or Japanese (a part is enough where it fits
        one only); ``credit`` asks for the horizontal R&D credit.
    lang
        Language of ``str()`` and of a notebook; the answer holds both.

    Raises
    ------
    InputError
        If there is no such segment or field.
    """
    names = names or Names(run.case)
    title, segments = subjects(names, what)
    asking = _Asking(run, names)
    reasons = tuple(asking.credit() if s == CREDIT else asking.segment(s) for s in segments)
    ids = list(dict.fromkeys(i for r in reasons for i in r.evidence))
    return Why(title, reasons, find_evidence(run.case, ids), lang)


class _Asking:
    """What the reasons draw on, looked up once."""

    def __init__(self, run: StoredRun, names: Names) -> None:
        self.run, self.names = run, names
        self.picked = {str(run.lines.loc[i, "segment"]): i for i in chosen(run)}

    def segment(self, segment: str) -> Reason:
        name = self.names.segments[segment]
        if segment in self.picked:
            return self._chosen(segment, name, self.picked[segment])
        table = self.run.case.tables["segments"].set_index("segment")
        row = row_of(table, segment)
        if row["status"] != "ranked":
            reason = Both(str(row["reason_en"]), str(row["reason_ja"]))
            told = (t("api.why_thin", segment=name, reason=reason),)
            return Reason(segment, name, "thin", told, {}, self._goals(segment))
        return self._left_out(segment, name)

    def credit(self) -> Reason:
        name = self.names.segments[""]
        if "" in self.picked:
            return self._chosen("", name, self.picked[""])
        best, money = self.run.choice["credit"], self.names.money
        own = best["welfare"]
        told = t(
            "api.why_credit_out",
            amount=money(best["amount"]),
            mean=money(own["mean"]),
            low=money(own["p10"]),
            high=money(own["p90"]),
        )
        return Reason(CREDIT, name, "out", (told,), _figures(own), ())

    def _chosen(self, segment: str, name: Both, line: int) -> Reason:
        names, money = self.names, self.names.money
        row = row_of(self.run.lines, line)
        own = row_of(self.run.portfolio.set_index("line"), line)
        spent = sum(path_of(self.run, line, "money").values())
        what = {k: row[k] for k in ("partner", "markets", "package")}
        head = t("api.why_in_credit", start=plain(row["start"]))
        if segment:
            head = t(
                "api.why_in",
                segment=name,
                scope=names.scope(segment, row["scope"]),
                partner=names.region(what["partner"]),
                markets=names.markets(what["markets"]),
                start=plain(row["start"]),
                package=names.packages[what["package"]],
                means=names.means(what["package"]),
            )
        worth = t(
            "api.why_worth",
            mean=money(own["welfare"]),
            low=money(own["welfare_p10"]),
            high=money(own["welfare_p90"]),
            money=money(spent),
        )
        apart = t(
            "api.why_apart", growth=money(own["value_added"]), power=points(own["indispensability"])
        )
        survives = t(
            "api.why_survives",
            bootstrap=percent(own["bootstrap"]),
            segment=percent(own["segment_bootstrap"]),
            beats=percent(own["beats"]),
        )
        numbers = {str(k): float(own[k]) for k in own.index} | {"public_money": float(spent)}
        more, ids = self._behind(segment, numbers)
        told = (head, worth, apart, survives, *more)
        return Reason(segment or CREDIT, name, "in", told, numbers, ids)

    def _left_out(self, segment: str, name: Both) -> Reason:
        names, money = self.names, self.names.money
        own = row_of(self.run.left_out.set_index("segment"), segment)
        loss = float(own["loss"])
        reason = t(
            f"desk.reason_{own['reason']}",
            loss=money(abs(loss)) if loss == loss else plain("–"),
            nothing=percent(1 - own["positive"]),
        )
        line = row_of(self.run.lines, int(own["line"]))
        best = t(
            "api.why_best",
            line=_how(names, segment, line),
            package=names.packages[line["package"]],
            mean=money(own["mean"]),
            low=money(own["p10"]),
            high=money(own["p90"]),
            positive=percent(own["positive"]),
        )
        numbers = _figures(own) | ({"loss_if_forced_in": loss} if loss == loss else {})
        more, ids = self._behind(segment, numbers)
        head = t("api.why_out", segment=name, reason=reason)
        return Reason(segment, name, "out", (head, best, *more), numbers, ids)

    def _behind(
        self, segment: str, numbers: dict[str, float]
    ) -> tuple[list[Both], tuple[str, ...]]:
        """Tipping number and what decides, with the evidence behind both; figures are added."""
        out = []
        tipping = self.run.tipping.set_index("segment")
        if segment in tipping.index:
            row = row_of(tipping, segment)
            side = "tips" if row["above"] > 0.8 else "spreads"
            clear = row["above"] > 0.8 or row["above"] < 0.2
            out.append(
                t(
                    "api.why_tips",
                    middle=fixed(row["p50"]),
                    low=fixed(row["p10"]),
                    high=fixed(row["p90"]),
                    above=percent(row["above"]),
                    verdict=t(f"desk.{side}") if clear else t("desk.undecided"),
                )
            )
            numbers |= {"tipping": float(row["p50"]), "tipping_above_one": float(row["above"])}
        table = self.run.influence
        top = records(table[table["scope"] == segment].head(DECIDING))
        ids = [i for row in top for i in str(row["evidence"]).split(";")]
        if top:
            out.append(t("api.why_hangs", named=listed([self._deciding(r, segment) for r in top])))
        return out, tuple(dict.fromkeys([*ids, *self._goals(segment)]))

    def _deciding(self, row: dict[str, Any], segment: str) -> Both:
        return t(
            "api.why_hangs_one",
            name=self.names.quantity(str(row["quantity"]), segment),
            share=percent(row["share"]),
            grade=t(f"desk.grade_{row['grade']}"),
            ids=plain(", ".join(str(row["evidence"]).split(";")[:DECIDING])),
        )

    def _goals(self, segment: str) -> tuple[str, ...]:
        goals = self.run.case.tables["goals"]
        return tuple(dict.fromkeys(goals.loc[goals["segment"] == segment, "evidence"]))


def _how(names: Names, segment: str, line: Any) -> Both:
    """Scope and partner of a line whose segment has been named."""
    scope = names.scope(segment, line["scope"])
    if not line["partner"]:
        return scope
    return listed([scope, t("desk.with_partner", partner=names.region(line["partner"]))])


def _figures(own: Any) -> dict[str, float]:
    return {k: float(own[k]) for k in ("mean", "p10", "p50", "p90", "positive") if k in own}
