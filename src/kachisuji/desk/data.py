"""The open-data commons from the command line: what there is, what is here, and fetching it."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, Parameter

from kachisuji.words import Lang, number, say

if TYPE_CHECKING:
    from kachisuji.accounts.commons import Holding


def add_data(app: App, lang: Lang, told: Callable[[str], Parameter]) -> None:
    """Add ``kachisuji data list|add|fetch|check|info`` to the commands."""
    Asked = Annotated[Literal["en", "ja"], told("desk.opt_lang")]
    Name = Annotated[str, told("desk.arg_data_name")]
    Json = Annotated[bool, told("desk.opt_json"), Parameter(negative="")]
    group = App(name="data", help=say("desk.help_data", lang), usage=say("desk.usage_data", lang))
    app.command(group)

    @group.command(name="list", help=say("desk.help_data_list", lang))
    def list_(*, json: Json = False, lang: Asked = lang) -> int:
        return offers(json, lang)

    @group.command(name="add", help=say("desk.help_data_add", lang))
    def add(
        file: Annotated[Path, told("desk.arg_data_file")],
        name: Name,
        /,
        *,
        licence: Annotated[str, told("desk.opt_licence")] = "",
        kind: Annotated[str, told("desk.opt_kind")] = "",
        publisher: Annotated[str, told("desk.opt_publisher")] = "",
        citation: Annotated[str, told("desk.opt_citation")] = "",
        lang: Asked = lang,
    ) -> int:
        about = {"licence": licence, "kind": kind, "publisher": publisher, "citation": citation}
        return put(file, name, {k: v for k, v in about.items() if v}, lang)

    @group.command(name="fetch", help=say("desk.help_data_fetch", lang))
    def fetch(name: Name, /, *, lang: Asked = lang) -> int:
        return bring(name, lang)

    @group.command(name="check", help=say("desk.help_data_check", lang))
    def check(*, lang: Asked = lang) -> int:
        return compare(lang)

    @group.command(name="info", help=say("desk.help_data_info", lang))
    def info(name: Name, /, *, json: Json = False, lang: Asked = lang) -> int:
        return tell(name, json, lang)


def _print(text: str) -> None:
    from rich.console import Console

    Console(highlight=False).print(text, markup=False, soft_wrap=True)


def _as_json(value: Any) -> int:
    _print(json.dumps(value, ensure_ascii=False, indent=1))
    return 0


def offers(as_json: bool, lang: Lang) -> int:
    """List the catalogue, and whether each entry is here, fetched or taken by hand."""
    from kachisuji.accounts.commons import Commons

    commons = Commons()
    held = commons.holdings()
    if as_json:
        entries = {n: asdict(o) | {"held": n in held} for n, o in commons.offers.items()}
        return _as_json({"store": str(commons.folder), "offers": entries, "held": sorted(held)})
    series: dict[str, list[str]] = {}
    for name, offer in commons.offers.items():
        series.setdefault(offer.family or name, []).append(name)
    for family, names in series.items():
        offer, here = commons.offers[names[0]], [n for n in names if n in held]
        how = "held" if len(here) == len(names) else ("fetch" if offer.address else "hand")
        state = say(f"desk.data_{how}", lang)
        name, title = names[0], offer.title(lang)
        if len(names) > 1:  # one line for all years
            name = f"{family}-{{{names[0][-4:]}..{names[-1][-4:]}}}"
            title = title.replace(names[0][-4:], f"{names[0][-4:]}–{names[-1][-4:]}", 1)
        _print(f"{name}  [{state}]  {title}")
        if here and how != "held":
            _print(say("desk.data_some_held", lang, names=", ".join(here)))
        _print(f"    {offer.publisher} · {offer.licence} · {offer.page}")
    for name in sorted(set(held) - set(commons.offers)):
        _print(f"{name}  [{say('desk.data_held', lang)}]  {held[name].file}")
    _print(say("desk.data_store", lang, folder=commons.folder))
    return 0


def _told(holding: "Holding", lang: Lang) -> None:
    size = number(max(holding.size / 1e6, 0.001), lang, 3)
    _print(say("desk.data_kept", lang, name=holding.name, file=holding.file, size=size))
    publisher = holding.publisher or "-"
    _print(say("desk.data_rights", lang, publisher=publisher, licence=holding.licence))
    _print(f"sha256 {holding.sha256}")


def put(file: Path, name: str, about: dict[str, str], lang: Lang) -> int:
    """Take a file that the user has downloaded."""
    from kachisuji.accounts.commons import Commons

    _told(Commons().add(file, name, **about), lang)
    return 0


def bring(name: str, lang: Lang) -> int:
    """Download an entry of the catalogue, showing how far it is."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    from kachisuji.accounts.commons import Commons

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=None)

        def advance(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total or None)

        holding = Commons().fetch(name, progress=advance)
    _told(holding, lang)
    return 0


def compare(lang: Lang) -> int:
    """Compare every held file with its checksum; 1 when one is missing or changed."""
    from kachisuji.accounts.commons import Commons

    commons = Commons()
    found = commons.check()
    for name, state in found.items():
        told = say(f"desk.data_{state}", lang)
        _print(f"{name}: {told}")
    _print(say("desk.data_checked", lang, count=len(found), folder=commons.folder))
    return 0 if set(found.values()) <= {"ok"} else 1


def tell(name: str, as_json: bool, lang: Lang) -> int:
    """Say what is known of one holding."""
    from kachisuji.accounts.commons import Commons

    holding = Commons().info(name)
    if as_json:
        return _as_json(asdict(holding))
    _told(holding, lang)
    for value in (holding.citation, holding.source, holding.added):
        _print(value)
    return 0
