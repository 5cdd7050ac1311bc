"""The sections of a narrative: templates filled with the figures of a run, edits applied."""

from __future__ import annotations

import string
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kachisuji.desk.findings import chosen, strongest
from kachisuji.desk.narrative.edits import read_edits
from kachisuji.desk.narrative.figures import SKILLS, THEIRS, Figure, figures
from kachisuji.desk.report.bilingual import Both, both, fixed, listed, percent, plain, t
from kachisuji.desk.report.names import Names
from kachisuji.desk.rows import records
from kachisuji.desk.rows import row as row_of
from kachisuji.words import InputError, Lang, entries, say

if TYPE_CHECKING:
    from kachisuji.desk.stored import StoredRun

SECTIONS = (
    "vision",
    "inside",
    "outside",
    "lines",
    "milestones",
    "partners",
    "people",
    "given_up",
    "sure",
    "watch",
)
DECIDING = 3  # quantities named as what would change our mind


@dataclass(frozen=True)
class Section:
    """One section as it stands.

    Attributes
    ----------
    id
        One of :data:`SECTIONS`, or ``own_…`` for a section of the editor's own.
    title, text
        In one language; paragraphs are separated by an empty line.
    template
        The text with the names of figures in braces: what an editor edits.
    figures
        Names of the figures in it.
    cites
        Ids of the evidence that it rests on.
    edited, hidden
        Whether a hand has changed it, or left it out.
    """

    id: str
    title: str
    text: str
    template: str
    figures: tuple[str, ...]
    cites: tuple[str, ...]
    edited: bool = False
    hidden: bool = False

    def paragraphs(self) -> list[str]:
        """Return the text paragraph by paragraph."""
        return [p.strip() for p in self.text.split("\n\n") if p.strip()]


def narrative(run: StoredRun, lang: Lang, names: Names | None = None) -> list[Section]:
    """Tell the strategy of a stored run in one language, edits beside the run applied.

    Parameters
    ----------
    run
        The stored run.
    lang
        Language of the text.

    Returns
    -------
    list of Section
        In order; hidden ones too, marked so.

    Raises
    ------
    InputError
        If the file of edits is broken or names a figure that there is not.
    """
    names = names or Names(run.case)
    known = figures(run, names)
    edits = read_edits(run.folder).get(lang, {})
    written = _Templates(run, names, lang)
    out = []
    for name in SECTIONS:
        template, cites = getattr(written, name)()
        out.append(_section(name, say(f"narrative.h_{name}", lang), template, cites, known, lang,
                            edits.get(name)))  # fmt: skip
    for name, edit in edits.items():
        if name not in SECTIONS:
            if not name.startswith("own_"):
                known_names = ", ".join(SECTIONS)
                raise InputError("narrative.unknown_section", got=name, known=known_names)
            out.append(_section(name, name.removeprefix("own_"), "", (), known, lang, edit))
    return out


def _section(
    name: str,
    title: str,
    template: str,
    cites: tuple[str, ...],
    known: dict[str, Figure],
    lang: Lang,
    edit: dict[str, Any] | None,
) -> Section:
    edit = edit or {}
    title, template = edit.get("title", title), edit.get("text", template)
    text, used = fill(template, known, lang, name)
    changed, hidden = bool({"title", "text"} & set(edit)), bool(edit.get("hide", False))
    return Section(name, title, text, template, used, cites, changed, hidden)


def fill(
    template: str, known: dict[str, Figure], lang: Lang, section: str
) -> tuple[str, tuple[str, ...]]:
    """Put figures in the place of their names in braces; return the text and the names.

    Raises
    ------
    InputError
        If a name stands for no figure, or braces do not match.
    """
    out, used = [], []
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        raise _no_figure(section, "{}", known) from error
    for text, name, _, _ in parts:
        out.append(text)
        if name is None:
            continue
        if name not in known:
            raise _no_figure(section, name, known)
        used.append(name)
        out.append(known[name].text.of(lang))
    return "".join(out), tuple(dict.fromkeys(used))


def _no_figure(section: str, name: str, known: Iterable[str]) -> InputError:
    names = ", ".join(known)
    return InputError("narrative.unknown_figure", section=section, name=name, known=names)


def _plainly(text: str) -> str:
    """Keep braces in a text of the case from being read as names of figures."""
    return text.replace("{", "{{").replace("}", "}}")


class _Templates:
    """The text of each section with the names of figures in braces, and its evidence."""

    def __init__(self, run: StoredRun, names: Names, lang: Lang) -> None:
        self.run, self.names, self.lang = run, names, lang
        self.picked = chosen(run)
        self.segments = [str(run.lines.loc[i, "segment"]) for i in self.picked]

    def _fixed(self, key: str, **values: Both | str) -> str:
        """Take a text of the catalogue; values of the case are put in as they are."""
        told = {
            k: v if isinstance(v, str) else _plainly(v.of(self.lang)) for k, v in values.items()
        }
        raw = entries()[f"narrative.{key}"][self.lang]
        names = [name for _, name, _, _ in string.Formatter().parse(raw) if name]
        return raw.format(**{name: told.get(name, f"{{{name}}}") for name in names})

    def vision(self) -> tuple[str, tuple[str, ...]]:
        if not self.picked:
            return self._fixed("vision_none"), ()
        if not any(self.segments):
            return self._fixed("vision_credit_only"), ()
        parts, cites = [self._fixed("vision")], []
        if "" in self.segments:
            parts.append(self._fixed("vision_credit"))
        evidence = self.run.case.tables["goals"].set_index("goal")["evidence"]
        for goal in self.run.choice["goals"]:
            if goal["segment"] in self.segments:
                parts.append(
                    self._fixed(
                        "vision_goal",
                        statement=_dated(goal),
                        alone=percent(goal["baseline_odds"]),
                        best=percent(goal["best_odds"]),
                    )
                )
                cites.append(str(evidence[goal["goal"]]))
        return "\n\n".join(parts), tuple(dict.fromkeys(cites))

    def inside(self) -> tuple[str, tuple[str, ...]]:
        return self._fixed("inside" if self.picked else "inside_none"), ()

    def outside(self) -> tuple[str, tuple[str, ...]]:
        return self._fixed("outside" if self.picked else "outside_none"), ()

    def lines(self) -> tuple[str, tuple[str, ...]]:
        if not self.picked:
            return self._fixed("lines_none"), ()
        fields = ("segment", "extent", "partner", "start", "package", "means", "worth", "low",
                  "high", "money", "beats")  # fmt: skip
        told = [self._fixed("lines_together")]
        told += [
            self._fixed("line", **{f: f"{{line{place}_{f}}}" for f in fields})
            for place in range(1, len(self.picked) + 1)
        ]
        return "\n\n".join(told), self._behind(self.segments)

    def _behind(self, scopes: list[str], most: int = 1) -> tuple[str, ...]:
        """Evidence of the quantities that decide most in each scope."""
        table = self.run.influence
        ids = [
            i
            for scope in scopes
            for row in records(table[table["scope"] == scope].head(most))
            for i in str(row["evidence"]).split(";")
        ]
        return tuple(dict.fromkeys(ids))

    def milestones(self) -> tuple[str, tuple[str, ...]]:
        goals = self.run.case.tables["goals"]
        own = goals[goals["segment"].isin(self.segments)]
        return self._fixed("milestones" if self.picked else "milestones_none"), tuple(
            dict.fromkeys(own["evidence"])
        )

    def partners(self) -> tuple[str, tuple[str, ...]]:
        table, told, cites = self.run.case.tables["partners"], [], []
        for place, line in enumerate(self.picked, 1):
            row = row_of(self.run.lines, line)
            own = table[(table["segment"] == row["segment"]) & (table["partner"] == row["partner"])]
            if not len(own):
                continue
            market, year, evidence = self._home_market(str(row["segment"]))
            told.append(
                self._fixed(
                    "partner",
                    partner=self.names.region(row["partner"]),
                    segment=self.names.segments[row["segment"]],
                    tasks=listed([_task(task) for task in records(own)]),
                    pooled=percent(float((own["weight"] * own["eta_mode"]).sum())),
                    market=market,
                    year=year,
                )
            )
            told += self._theirs(place, line)
            cites += [*own["evidence"], evidence]
        if not told:
            return self._fixed("partners_none"), ()
        lead = self._fixed("partners_lead")
        return "\n\n".join([lead, *told, self._fixed("partners_rule")]), tuple(dict.fromkeys(cites))

    def _theirs(self, place: int, line: int) -> list[str]:
        """Tell what the partner of a line gains or loses against no line (not in older runs)."""
        own = row_of(self.run.portfolio.set_index("line"), line)
        if "partner_gain" not in own:
            return []
        key = "partner_gains" if own["partner_gain"] >= 0 else "partner_loses"
        partner = self.names.region(row_of(self.run.lines, line)["partner"])
        figures = {f: f"{{line{place}_{f}}}" for f in THEIRS}
        return [self._fixed(key, partner=partner, **figures)]

    def _home_market(self, segment: str) -> tuple[Both, Both, str]:
        """Size of the home market of a segment in the last year given, that year, its evidence."""
        table, home = self.run.case.tables["markets"], self.run.case.settings.home
        own = table[(table["segment"] == segment) & (table["region"] == home)]
        if not len(own):
            return plain("–"), plain("–"), ""
        last: Any = own.sort_values("year").iloc[-1]
        return self.names.money(last["mode"]), plain(int(last["year"])), str(last["evidence"])

    def people(self) -> tuple[str, tuple[str, ...]]:
        if not self.picked:
            return self._fixed("people_none"), ()
        told = [self._fixed("people")]
        limits = self.run.case.tables["limits"]
        for skill in SKILLS:
            if f"labour_{skill}" in set(self.run.use["item"]):
                names = {"peak": f"{{{skill}_peak}}", "year": f"{{{skill}_year}}"}
                told.append(self._fixed("skill", skill=t(f"desk.skill_{skill}"),
                                        part=f"{{{skill}_part}}", **names))  # fmt: skip
        return "\n\n".join(told), tuple(dict.fromkeys(limits["evidence"]))

    def given_up(self) -> tuple[str, tuple[str, ...]]:
        told = [self._fixed("given_up")]
        if strongest(self.run) is not None:
            told.append(self._fixed("given_up_power"))
        return "\n\n".join(told), ()

    def sure(self) -> tuple[str, tuple[str, ...]]:
        return self._fixed("sure" if self.picked else "sure_none"), ()

    def watch(self) -> tuple[str, tuple[str, ...]]:
        table = self.run.influence
        top = records(table[table["scope"] == "portfolio"].head(DECIDING))
        if not top:
            return self._fixed("watch_none"), ()
        told = [
            t(
                "narrative.watch_one",
                name=self.names.quantity(str(row["quantity"])),
                share=percent(row["share"]),
                grade=t(f"desk.grade_{row['grade']}"),
            )
            for row in top
        ]
        return self._fixed("watch", deciding=listed(told)), self._behind(["portfolio"], DECIDING)


def _dated(goal: dict[str, Any]) -> Both:
    """Return the statement of a goal, with its year where it does not say it itself."""
    year = str(goal["year"])

    def told(lang: Lang) -> str:
        text = str(goal[f"statement_{lang}"])
        return text if year in text else say("narrative.goal_by", lang, statement=text, year=year)

    return both(told)


def task_name(task: str) -> Both:
    """Name of a task that is pooled; a case's own task keeps its identifier."""
    key = f"narrative.task_{task}"
    return t(key) if key in entries() else plain(task)


def _task(row: dict[str, Any]) -> Both:
    """Tell a pooled task with the strength of both sides."""
    name = task_name(str(row["task"]))
    own, other = fixed(row["home_strength"], 2), fixed(row["partner_strength"], 2)
    return t("narrative.task_told", task=name, own=own, other=other)
