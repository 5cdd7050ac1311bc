"""Use from Python: ``import kachisuji as ks``; what the package's own names lead to."""

from __future__ import annotations

import os
import sys
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from markupsafe import Markup
from numpy.typing import NDArray

from kachisuji.cases import Case, load
from kachisuji.desk import explaining
from kachisuji.desk.explaining import Why
from kachisuji.desk.findings import Finding, chosen, findings
from kachisuji.desk.progress import Bars, Silent
from kachisuji.desk.report.bilingual import Both, percent, plain, t
from kachisuji.desk.report.names import Names
from kachisuji.desk.report.sections.choice import path_of
from kachisuji.desk.rows import records
from kachisuji.desk.rows import row as row_of
from kachisuji.desk.stored import StoredRun
from kachisuji.words import Lang
from kachisuji.words.language import language

if TYPE_CHECKING:
    from kachisuji.ledger import Difference

__all__ = ["Run", "Why", "load", "open", "run"]


class Run:
    """A finished run: its choice, the reasons, the numbers behind them.

    Parameters
    ----------
    stored
        The run as it lies on the disk.
    lang
        Language of texts that a person reads; without it ``KACHISUJI_LANG`` or the locale.
    """

    def __init__(self, stored: StoredRun, lang: Lang | None = None) -> None:
        self.stored = stored
        self.lang: Lang = lang or language((), os.environ)

    @property
    def folder(self) -> Path:
        """The run folder."""
        return self.stored.folder

    @property
    def case(self) -> Case:
        """The case as the run read it."""
        return self.stored.case

    @cached_property
    def names(self) -> Names:
        """Names of everything in the case, in both languages."""
        return Names(self.stored.case)

    @property
    def lines(self) -> pd.DataFrame:
        """Every candidate line."""
        return self.stored.lines

    @property
    def findings(self) -> list[Finding]:
        """The three main findings, each in both languages."""
        return findings(self.stored, self.names)

    @cached_property
    def portfolio(self) -> pd.DataFrame:
        """The chosen lines, largest contribution first, indexed by the line's id.

        Columns: segment, name (in the language of the run), field, scope, partner, markets,
        package, start, intensity; public_money (sum over the years, not discounted), welfare with
        p10 and p90, value_added (each in the case's money unit, present value, played jointly),
        indispensability (points), bootstrap and beats (the two survival numbers, shares).
        """
        stored = self.stored
        joint = stored.portfolio.set_index("line")
        rows = []
        for line in chosen(stored):
            row, own = row_of(stored.lines, line), row_of(joint, line)
            rows.append(
                {k: row[k] for k in ("line", "segment", "field")}
                | {"name": self.names.segments[row["segment"]].of(self.lang)}
                | {k: row[k] for k in _OF_LINE}
                | {"public_money": float(sum(path_of(stored, line, "money").values()))}
                | {k: float(own[k]) for k in _OF_JOINT}
            )
        columns = ["line", "segment", "field", "name", *_OF_LINE, "public_money", *_OF_JOINT]
        return pd.DataFrame(rows, columns=columns).set_index("line")

    @property
    def front(self) -> pd.DataFrame:
        """Portfolios on and near the front of growth against indispensability."""
        return self.stored.front

    @property
    def left_out(self) -> pd.DataFrame:
        """Segments without a line in the portfolio, their best line and the reason."""
        return self.stored.left_out

    def why(self, what: str | int) -> Why:
        """Say why a segment or a field has the place it has; see :func:`explaining.why`.

        Raises
        ------
        InputError
            If there is no such segment or field.
        """
        return explaining.why(self.stored, what, self.lang, self.names)

    def evidence(self, *ids: str) -> pd.DataFrame:
        """Return the register of evidence, or the rows with these ids.

        Raises
        ------
        InputError
            If the case has no such id.
        """
        if not ids:
            return self.case.tables["evidence"].set_index("id")
        return explaining.find_evidence(self.case, ids)

    def outcomes(self, measure: str = "welfare") -> pd.DataFrame:
        """Return one measure of every line played alone in every future, (lines, futures).

        Raises
        ------
        InputError
            If there is no such measure.
        """
        from kachisuji.ensembles.store import OutcomeTable

        table = OutcomeTable.open(self.folder)
        values: NDArray[np.float64] = table.measure(measure)
        return pd.DataFrame(values, index=pd.Index(self.lines["line"], name="line"))

    def report(self, out: str | Path | None = None) -> Path:
        """Write the report (``.html``, ``.pdf``) or the tables (``.xlsx``), as ``out`` ends.

        Without ``out`` it is the report as HTML beside the run. Returns where it is.

        Raises
        ------
        InputError
            If ``out`` ends in anything else.
        RunError
            If the file cannot be written.
        """
        from kachisuji.desk.commands import form_of, write_report

        path = None if out is None else Path(out)
        return write_report(self.stored, form_of(path), path, self.lang)

    def narrative(self, out: str | Path | None = None) -> Path:
        """Write the strategy as a story: the ending of ``out`` (html, pdf, docx, pptx) says how.

        Without ``out`` it is HTML beside the run. Edits kept beside the run are applied.

        Raises
        ------
        InputError
            If the format is unknown, or the file of edits is broken.
        RunError
            If the file cannot be written.
        """
        from kachisuji.desk.narrative.commands import write

        return write(self.stored, None if out is None else Path(out), self.lang)

    def verify(self, *, recompute: bool = True) -> list[Difference]:
        """Compare checksums, compute the run again, and return every difference (none: as it was).

        Raises
        ------
        RunError
            If the run cannot be read.
        """
        from kachisuji.desk.verifying import verify_run

        return verify_run(self.folder, Silent(), self.lang, recompute=recompute)

    def _lead(self) -> Both:
        manifest = self.stored.manifest
        return t(
            "api.run_lead",
            lines=f"{manifest.figures['lines']:,}",
            futures=f"{manifest.figures['futures']:,}",
            seed=manifest.seed,
            folder=self.folder,
        )

    def __repr__(self) -> str:
        head = t("api.run_title", title=self.names.title)
        told = [head.of(self.lang), self._lead().of(self.lang)]
        told += [f"{k}. {f.in_lang(self.lang)}" for k, f in enumerate(self.findings, 1)]
        return "\n".join(told)

    def _repr_html_(self) -> str:
        lang = self.lang
        parts = [
            Markup("<h3>{}</h3><p>{}</p><ol>").format(
                t("api.run_title", title=self.names.title).of(lang), self._lead().of(lang)
            )
        ]
        parts += [Markup("<li>{}</li>").format(f.as_html(lang)) for f in self.findings]
        parts.append(Markup("</ol>"))
        if len(self.portfolio):
            caption = Markup("<p>{}</p>").format(t("api.portfolio_caption").of(lang))
            table = self._portfolio_shown().to_html(index=False)
            parts += [caption, Markup(table)]
        else:
            parts.append(Markup("<p>{}</p>").format(t("api.portfolio_empty").of(lang)))
        return str(Markup("").join(parts))

    def _portfolio_shown(self) -> pd.DataFrame:
        """Return the portfolio with its figures as people write them."""
        names, lang = self.names, self.lang

        def shown(row: dict[str, Any]) -> dict[str, str]:
            told = (
                ("segment", names.segments[row["segment"]]),
                ("partner", names.region(row["partner"])),
                ("package", names.packages[row["package"]]),
                ("start", plain(row["start"])),
                ("money", names.money(row["public_money"])),
                ("welfare", names.money(row["welfare"])),
                ("interval", names.money.between(row["welfare_p10"], row["welfare_p90"])),
                ("bootstrap", percent(row["bootstrap"])),
                ("beats", percent(row["beats"])),
            )
            return {t(f"desk.head_{key}").of(lang): text.of(lang) for key, text in told}

        return pd.DataFrame([shown(row) for row in records(self.portfolio)])


_OF_LINE = ("scope", "partner", "markets", "package", "start", "intensity")
_OF_JOINT = (
    "welfare",
    "welfare_p10",
    "welfare_p90",
    "value_added",
    "indispensability",
    "bootstrap",
    "beats",
)


def run(
    case: str | Path,
    *,
    out: str | Path | None = None,
    futures: int = 512,
    seed: int = 0,
    workers: int | None = None,
    design: Literal["sobol", "lhs", "halton"] = "sobol",
    lang: Lang | None = None,
    progress: bool | None = None,
) -> Run:
    """Run a case from end to end, as ``kachisuji run`` does.

    Parameters
    ----------
    case
        Name of a shipped case (``japan17``, ``template``), or a case folder.
    out
        Run folder to write, not there yet; without it ``runs/CASE-DATE-TIME``.
    futures, seed, design
        How futures are drawn; 0 is a seed. Sobol needs a power of two.
    workers
        Processes at work (all cores by default); the result does not depend on it.
    lang
        Language of texts; without it ``KACHISUJI_LANG`` or the locale.
    progress
        Show a bar for each stage; by default only on a terminal.

    Raises
    ------
    InputError
        If the case or an option is wrong.
    InfeasibleError
        If no choice fits the limits.
    RunError
        If the run folder cannot be written.

    Examples
    --------
    >>> import kachisuji as ks
    >>> run = ks.run("template", futures=64, out="runs/first")  # doctest: +SKIP
    >>> run.why("parts").en  # doctest: +SKIP
    """
    from kachisuji.desk.commands import check_options
    from kachisuji.desk.pipeline import Options, run_case

    spoken = lang or language((), os.environ)
    count = (os.cpu_count() or 1) if workers is None else workers
    check_options({"futures": futures, "seed": seed, "design": design}, count)
    options = Options(futures=futures, seed=seed, design=design, workers=count)
    target = None if out is None else Path(out)
    if not (sys.stderr.isatty() if progress is None else progress):
        return Run(run_case(str(case), target, options, Silent(), spoken), spoken)
    from rich.console import Console

    with Bars(Console(stderr=True), spoken) as bars:
        return Run(run_case(str(case), target, options, bars, spoken), spoken)


def open(folder: str | Path, lang: Lang | None = None) -> Run:
    """Open the folder of a finished run.

    Raises
    ------
    RunError
        If it is no run folder, or a file is missing, empty or cut short.
    """
    return Run(StoredRun.open(Path(folder)), lang)
