"""What the MCP server answers: plain values from the engine, each with its evidence ids.

Nothing here knows the protocol; :mod:`kachisuji.desk.mcp.server` makes tools of these methods.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kachisuji.cases import Case, available, load, resolve
from kachisuji.desk import explaining
from kachisuji.desk.api import Run
from kachisuji.desk.api import open as open_run
from kachisuji.desk.report.bilingual import percent, t, whole
from kachisuji.desk.report.page import APART
from kachisuji.desk.report.sections.choice import left_out
from kachisuji.desk.rows import records
from kachisuji.desk.rows import row as row_of
from kachisuji.ledger import read_manifest
from kachisuji.words import InputError, KachisujiError, Lang, say

MOST_ROWS = 200  # of a table in one answer
DECIDING = 10  # quantities told as what a run hangs on


@dataclass
class Answers:
    """Answers to the tools.

    Attributes
    ----------
    folder
        Folder that holds run folders; nothing outside it and the shipped cases is read.
    lang
        Language of texts where a question does not name one.
    """

    folder: Path
    lang: Lang = "en"
    _opened: dict[Path, Run] = field(default_factory=dict)
    _replays: dict[Path, Any] = field(default_factory=dict)

    def runs(self) -> list[dict[str, Any]]:
        """Name, case, date, size and options of every run in the folder."""
        out = []
        for path in sorted(self.folder.glob("*/manifest.json")):
            try:
                manifest = read_manifest(path.parent)
            except KachisujiError:
                continue  # a damaged run is none
            out.append(
                {
                    "run": path.parent.name,
                    "case": manifest.case,
                    "made": manifest.made.get("when", ""),
                    "seed": manifest.seed,
                    "options": manifest.options,
                    "lines": manifest.figures.get("lines"),
                }
            )
        return out

    def cases(self) -> list[dict[str, Any]]:
        """Name and titles of every shipped case."""
        out = []
        for name in available():
            settings = load(name).settings
            out.append({"case": name, "title_en": settings.title_en, "title_ja": settings.title_ja})
        return out

    def run_of(self, name: str) -> Run:
        """Open a run by the name of its folder.

        Raises
        ------
        InputError
            If there is none of that name in the folder.
        """
        known = {p.parent.name: p.parent for p in self.folder.glob("*/manifest.json")}
        if name not in known:
            told = ", ".join(sorted(known)) or "–"
            raise InputError("mcp.unknown_run", got=name, known=told)
        path = known[name]
        if path not in self._opened:
            self._opened[path] = open_run(path, self.lang)
        return self._opened[path]

    def case_of(self, name: str) -> Case:
        """Load a shipped case, or the case of a run (``run:NAME``).

        Raises
        ------
        InputError
            If there is none of that name; paths are not taken.
        """
        if name.startswith("run:"):
            return self.run_of(name.removeprefix("run:")).case
        if name not in available():
            raise InputError("mcp.unknown_case", got=name, known=", ".join(available()))
        return load(resolve(name))

    def table(
        self, case: str, table: str, where: dict[str, str] | None = None, start: int = 0
    ) -> dict[str, Any]:
        """Rows of a table of a case, filtered by equality of columns; the evidence they name."""
        found = self.case_of(case)
        if start < 0:
            raise InputError("mcp.bad_start", got=start)
        if table not in found.tables:
            known = ", ".join(found.tables)
            raise InputError("mcp.unknown_table", got=table, known=known)
        rows = found.tables[table]
        for column, value in (where or {}).items():
            if column not in rows:
                known = ", ".join(map(str, rows.columns))
                raise InputError("mcp.unknown_column", got=column, known=known)
            rows = rows[rows[column].astype(str) == value]
        shown = [_plain(r) for r in records(rows.iloc[start : start + MOST_ROWS])]
        ids = list(dict.fromkeys(r["evidence"] for r in shown if r.get("evidence")))
        return {"rows": shown, "of": len(rows), "start": start, "evidence": ids}

    def portfolio(self, run: str) -> dict[str, Any]:
        """Return the chosen lines, what they lead to, how sure it is, and what it hangs on."""
        opened = self.run_of(run)
        stored = opened.stored
        top = records(stored.influence[stored.influence["scope"] == "portfolio"].head(DECIDING))
        hangs = [_deciding(opened, row) for row in top]
        return {
            "units": self._units(opened),
            "lines": [
                {"line": str(line), **_plain(r)}
                for line, r in zip(opened.portfolio.index, records(opened.portfolio), strict=True)
            ],
            "together": {
                measure: {"means": t(f"desk.measure_{measure}").of(self.lang), **own}
                for measure, own in stored.choice["joint"].items()
                if measure in APART
            },
            "best_in_share_of_futures": stored.choice["wins"],
            "uncertainty_by_grade": stored.choice["by_grade"],
            "hangs_on": hangs,
            "left_out": self._left_out(opened),
            "evidence": list(dict.fromkeys(i for h in hangs for i in h["evidence"])),
        }

    def _left_out(self, run: Run) -> list[dict[str, Any]]:
        """Rows of what is left out, with the line by its name and the reason in words."""
        told = {str(r["segment"]): r for r in records(run.left_out)}
        out: list[dict[str, Any]] = []
        for segment, row in told.items():
            name = run.names.segments[segment].of(self.lang)
            if row["reason"] == "evidence":
                out.append({"segment": segment, "name": name, "reason": row["reason"]})
                continue
            line = str(row_of(run.lines, int(row["line"]))["line"])
            alone = {k: _plain(row)[k] for k in ("mean", "p10", "p50", "p90", "positive", "loss")}
            out.append({"segment": segment, "name": name, "best_line": line, **alone,
                        "reason": row["reason"]})  # fmt: skip
        words = {r["segment"].of(self.lang): r["reason"].of(self.lang)
                 for r in left_out(run.stored, run.names)["rows"]}  # fmt: skip
        return [row | {"why": words.get(row["name"], "")} for row in out]

    def why(self, run: str, subject: str, lang: Lang | None = None) -> dict[str, Any]:
        """Say why a segment or a field is in the portfolio, left out, or not ranked."""
        told = self.run_of(run).why(subject).as_dict(lang or self.lang)
        return {"units": self._units(self.run_of(run)), **told}

    def _units(self, run: Run) -> str:
        """Say in what money, points and intervals are told."""
        settings = run.case.settings
        return t(
            "mcp.units",
            unit=whole(settings.money_unit),
            currency=settings.currency,
            year=settings.base_year,
            rate=percent(settings.discount),
        ).of(self.lang)

    def quantities(self, run: str, containing: str = "") -> dict[str, Any]:
        """Return what a what-if may move: quantities with their evidence, events, markets."""
        from kachisuji.desk.web.events import left_out_by

        opened = self.run_of(run)
        rows = [
            {
                "quantity": q.name,
                "means": opened.names.quantity(q.name).of(self.lang),
                "low": float(q.low),
                "mode": float(q.mode),
                "high": float(q.high),
                "unit": q.unit,
                "evidence": list(q.evidence),
            }
            for q in self._replay(run).quantities
            if containing.casefold() in q.name.casefold()
        ]
        ids = dict.fromkeys(i for r in rows[:MOST_ROWS] for i in r["evidence"])
        return {
            "rows": rows[:MOST_ROWS],
            "of": len(rows),
            "events": list(self._replay(run).events),
            "markets": list(left_out_by(opened.case)),
            "evidence": list(ids),
        }

    def _replay(self, run: str) -> Any:
        from kachisuji.desk.web.replay import Replay

        opened = self.run_of(run)
        if opened.folder not in self._replays:
            self._replays[opened.folder] = Replay.of(opened.stored)
        return self._replays[opened.folder]

    def what_if(self, run: str, changes: dict[str, Any]) -> dict[str, Any]:
        """Weigh the stored futures anew and choose again: the function of the web workbench.

        ``changes`` holds ``beliefs`` (quantity -> 0 to 1, where in its range it is believed to
        lie), ``limits`` (item -> percent of the case's), ``fields``, ``caution`` (percent),
        ``power`` and ``exposure`` (money units a point), ``without`` (partners), ``unsold``
        (markets), ``events`` (border event -> year by which it has come, or "never"), ``banned``
        and ``held`` (segments).
        """
        from kachisuji.desk.web.replay import STEPS, Question

        begun = time.perf_counter()
        replay, opened = self._replay(run), self.run_of(run)
        pairs = _pairs(changes, STEPS)
        question = Question.from_query(pairs, replay)
        found = replay.answer(question)
        by_name = {q.name: list(q.evidence) for q in replay.quantities}
        ids = dict.fromkeys(i for name in question.beliefs for i in by_name[name])
        rows = [row_of(opened.lines, i) for i in found["lines"]]
        segments = [str(r["segment"]) or "credit" for r in rows]
        return {
            "units": self._units(opened),
            "lines": [str(r["line"]) for r in rows],
            "segments": [opened.names.segments[r["segment"]].of(self.lang) for r in rows],
            "leads_to": found["best"],
            "chosen_before_leads_to": found["kept"],
            "chosen_before_still_fits": found["kept_fits"],
            "objective": found["objective"],
            "bound": found["bound"],
            "worth_in_futures": dict(zip(("choosing", "reporting"), found["worth"], strict=True)),
            "too_few_futures": found["few"],
            "basis": say("mcp.basis", self.lang),
            "evidence": list(dict.fromkeys([*ids, *self._behind(opened, segments)])),
            "seconds": round(time.perf_counter() - begun, 3),
        }

    def _behind(self, run: Run, segments: list[str]) -> list[str]:
        """Evidence of the quantities that decide most in each segment."""
        table = run.stored.influence
        return [
            i
            for s in segments
            for row in records(table[table["scope"] == s].head(3))
            for i in str(row["evidence"]).split(";")
        ]

    def evidence(self, case: str, ids: list[str], lang: Lang | None = None) -> dict[str, Any]:
        """Return pieces of evidence by id: grade, statement, source, date, address."""
        found = self.case_of(case)
        rows = explaining.find_evidence(found, ids[:MOST_ROWS])
        return {"rows": explaining.cited(rows, lang or self.lang), "evidence": ids[:MOST_ROWS]}

    def structure(self, case: str, region: str, sector: str) -> dict[str, Any]:
        """Where a country's sector stands in the case's input-output table.

        Upstreamness, downstreamness, output multiplier, linkages, and whose value added is in a
        unit of its final output. The table, not the register, is the source.
        """
        from kachisuji import structure

        economy = self.case_of(case).economy
        if region not in economy.regions or sector not in economy.sectors:
            known = f"{', '.join(economy.regions)}; {', '.join(economy.sectors)}"
            raise InputError("mcp.unknown_sector", got=f"{region} {sector}", known=known)
        label = (region, sector)
        content = structure.origin_of_value_added(economy)[economy.row(*label)]
        linked = row_of(structure.linkages(economy), label)
        shares = {r: float(v) for r, v in zip(economy.regions, content, strict=True)}
        return {
            "region": region,
            "sector": sector,
            "upstreamness": float(structure.upstreamness(economy).loc[label]),
            "downstreamness": float(structure.downstreamness(economy).loc[label]),
            "output_multiplier": float(structure.multipliers(economy)["output"].loc[label]),
            "linkages": {str(k): float(v) for k, v in linked.items()},
            "value_added_by_region": dict(sorted(shares.items(), key=lambda p: -p[1])),
            "source": {
                "title": economy.title,
                "publisher": economy.publisher,
                "licence": economy.licence,
                "citation": economy.citation,
            },
            "evidence": [f"table:{economy.checksum[:16]}"],
        }

    def backcast(self, case: str, goal: str, futures: int = 64) -> dict[str, Any]:
        """Reckon back from a goal: the cheapest lines that reach it, dates, or a proof of none."""
        from kachisuji.desk.ahead.commands import check_futures
        from kachisuji.desk.ahead.reckoning import back_from

        check_futures(futures, 0)
        found = self.case_of(case)
        told = back_from(found, goal, futures=futures)
        goals = found.tables["goals"]
        named = goals[goals["goal"] == goal]
        segments = {str(line).split("/")[0] for line in _lines_in(told)}
        rows = found.figures()
        behind = rows[rows["segment"].isin(segments) & (rows["table"] == "markets")]["evidence"]
        return {**told, "evidence": list(dict.fromkeys([*named["evidence"], *behind]))}

    def start(self, case: str, name: str, futures: int = 64, seed: int = 0) -> dict[str, Any]:
        """Run a shipped case into the folder; only where running was allowed.

        Raises
        ------
        InputError
            If the name is no plain name of a folder.
        """
        from kachisuji.desk.api import run

        if not name.replace("-", "").replace("_", "").isalnum():
            raise InputError("mcp.bad_name", got=name)
        self.case_of(case)
        made = run(
            case, out=self.folder / name, futures=futures, seed=seed, lang=self.lang, progress=False
        )
        return {"run": made.folder.name, **self.portfolio(made.folder.name)}


def _lines_in(told: dict[str, Any]) -> list[str]:
    return [str(row.get("line", "")) for row in told.get("lines", []) if isinstance(row, dict)]


def _deciding(run: Run, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "quantity": row["quantity"],
        "means": run.names.quantity(str(row["quantity"])).of(run.lang),
        "share_of_variance": float(row["share"]),
        "raises_net_benefit": bool(row["correlation"] > 0),
        "grade": row["grade"],
        "evidence": str(row["evidence"]).split(";"),
    }


def _pairs(changes: dict[str, Any], steps: int) -> list[tuple[str, str]]:
    """Write changes as the parts of an address that the workbench reads and checks."""
    pairs: list[tuple[str, str]] = []
    known = {"beliefs", "limits", "fields", "caution", "power", "exposure", "without", "unsold",
             "events", "banned", "held"}  # fmt: skip
    if unknown := set(changes) - known:
        told = ", ".join(sorted(known))
        raise InputError("mcp.unknown_change", got=", ".join(sorted(unknown)), known=told)
    for name, value in (changes.get("beliefs") or {}).items():
        if not isinstance(value, (int, float)) or not 0 <= value <= 1:
            raise InputError("mcp.bad_belief", name=name, got=value)
        pairs.append((f"q.{name}", str(round(value * steps))))
    pairs += [(f"limit.{k}", str(v)) for k, v in (changes.get("limits") or {}).items()]
    for name in ("fields", "caution", "power", "exposure"):
        if changes.get(name) is not None:
            pairs.append((name, str(changes[name])))
    pairs += [(f"event.{k}", str(v)) for k, v in (changes.get("events") or {}).items()]
    parts = {"without": "without", "unsold": "unsold", "banned": "ban", "held": "hold"}
    for name, part in parts.items():
        pairs += [(part, str(v)) for v in changes.get(name) or ()]
    return pairs


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Row of a table as JSON holds it: tuples as lists, missing as None."""
    out: dict[str, Any] = {}
    for key, value in row.items():
        if isinstance(value, tuple):
            out[key] = list(value)
        elif value is None or (isinstance(value, float) and value != value):
            out[key] = None
        else:
            out[key] = value.item() if hasattr(value, "item") else value
    return out
