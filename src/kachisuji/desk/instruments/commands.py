"""``kachisuji instruments`` and ``kachisuji marginal`` on the command line."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App

from kachisuji.desk.helping import ALONE, Told, speaking
from kachisuji.desk.telling import Telling
from kachisuji.words import InputError, Lang, say

if TYPE_CHECKING:
    import pandas as pd

    from kachisuji.contest import Marginal

Measure = Literal["welfare", "value_added", "indispensability", "digital_balance"]


def add_instruments(app: App, lang: Lang, told: Told) -> None:
    """Add the commands about instruments."""

    @app.command(
        name="instruments",
        help=say("instruments.help_instruments", lang),
        usage=say("instruments.usage_instruments", lang),
    )
    @speaking(lang, told)
    def instruments(
        case: Annotated[str, told("desk.arg_case")] = "japan17",
        /,
        *,
        telling: Telling,
    ) -> int:
        return list_instruments(case, telling)

    @app.command(
        name="marginal",
        help=say("instruments.help_marginal", lang),
        usage=say("instruments.usage_marginal", lang),
    )
    @speaking(lang, told)
    def marginal(
        case: Annotated[str, told("desk.arg_case")],
        /,
        *,
        measure: Annotated[Measure, told("instruments.opt_measure")] = "welfare",
        segment: Annotated[list[str] | None, told("instruments.opt_segment"), ALONE] = None,
        futures: Annotated[int, told("instruments.opt_futures")] = 64,
        seed: Annotated[int, told("desk.opt_seed")] = 0,
        html: Annotated[Path | None, told("instruments.opt_html")] = None,
        csv: Annotated[Path | None, told("instruments.opt_csv")] = None,
        telling: Telling,
    ) -> int:
        return show_marginal(case, measure, segment, (futures, seed), (html, csv), telling)


def list_instruments(case: str, telling: Telling) -> int:
    """List the instruments of a case in words or as JSON."""
    from kachisuji.cases import load
    from kachisuji.desk.instruments.listing import described, told

    rows = described(load(case))
    telling.result("\n".join(told(rows, telling.lang)), rows)
    return 0


def show_marginal(
    case: str, measure: str, segments: list[str] | None, drawn: tuple[int, int],
    files: tuple[Path | None, Path | None], telling: Telling,
) -> int:  # fmt: skip
    """Play every instrument alone and in pairs; show, and write what was asked for.

    ``drawn`` is the number of futures and the seed, ``files`` where to write as HTML and CSV.
    """
    futures, seed = drawn
    if not 16 <= futures <= 4096:
        raise InputError("desk.bad_option", option="--futures", got=futures, want="16 – 4096")
    if seed < 0:
        raise InputError("desk.bad_option", option="--seed", got=seed, want="0, 1, 2 …")
    from kachisuji import contest
    from kachisuji.cases import load
    from kachisuji.desk.futures import draw
    from kachisuji.desk.instruments.heatmap import heat_map
    from kachisuji.desk.instruments.telling import told
    from kachisuji.desk.report.names import Names
    from kachisuji.ledger import write_atomic

    lang = telling.lang
    loaded = load(case)
    with telling.stages() as stages:
        model = contest.build(loaded, loaded.economy)
        draws = draw("lhs", futures, loaded, model.quantities, seed)
        with stages.stage("instruments.stage_marginal", 1) as advance:
            found = contest.marginal(model, draws, segments=segments, progress=_steps(advance))
    html, csv = files
    if csv is not None:
        write_atomic(csv, found.table.to_csv(index=False))
        write_atomic(csv.with_name(f"{csv.stem}-pairs.csv"), found.pairs.to_csv(index=False))
    if html is not None:
        write_atomic(html, heat_map(found, loaded, lang, futures=futures, seed=seed))
    text = "\n".join(told(found, measure, Names(loaded), lang))
    telling.result(text, _plain(found))
    for path in (html, csv):
        if path is not None:
            telling.say(say("instruments.written", lang, file=path))
    return 0


def _steps(advance: Callable[[float], None]) -> Callable[[int, int], None]:
    """Turn lines done into a share of the bar: half for the instruments, half for the pairs."""
    before = [0.0]

    def step(done: int, total: int) -> None:
        share = 0.5 * done / total
        advance(share - before[0])
        before[0] = 0.0 if done == total else share

    return step


def _plain(found: "Marginal") -> dict[str, list[dict[str, object]]]:
    from kachisuji.desk.rows import records

    def plain(table: "pd.DataFrame") -> list[dict[str, object]]:
        return records(table)

    return {"table": plain(found.table), "pairs": plain(found.pairs)}
