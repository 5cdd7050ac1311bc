"""The open-data commons from the command line: what there is, what is here, and fetching it."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App

from kachisuji.desk.helping import Told, speaking
from kachisuji.desk.telling import Telling
from kachisuji.words import Lang, number, say

if TYPE_CHECKING:
    from kachisuji.accounts.commons import Holding


def add_data(app: App, lang: Lang, told: Told) -> None:
    """Add ``kachisuji data list|add|fetch|check|info`` to the commands."""
    Name = Annotated[str, told("desk.arg_data_name")]
    group = App(name="data", help=say("desk.help_data", lang), usage=say("desk.usage_data", lang))
    app.command(group)

    @group.command(name="list", help=say("desk.help_data_list", lang))
    @speaking(lang, told)
    def list_(*, telling: Telling) -> int:
        return offers(telling)

    @group.command(name="add", help=say("desk.help_data_add", lang))
    @speaking(lang, told)
    def add(
        file: Annotated[Path, told("desk.arg_data_file")],
        name: Name,
        /,
        *,
        licence: Annotated[str, told("desk.opt_licence")] = "",
        kind: Annotated[str, told("desk.opt_kind")] = "",
        publisher: Annotated[str, told("desk.opt_publisher")] = "",
        citation: Annotated[str, told("desk.opt_citation")] = "",
        telling: Telling,
    ) -> int:
        about = {"licence": licence, "kind": kind, "publisher": publisher, "citation": citation}
        return put(file, name, {k: v for k, v in about.items() if v}, telling)

    @group.command(name="fetch", help=say("desk.help_data_fetch", lang))
    @speaking(lang, told)
    def fetch(name: Name, /, *, telling: Telling) -> int:
        return bring(name, telling)

    @group.command(name="check", help=say("desk.help_data_check", lang))
    @speaking(lang, told)
    def check(*, telling: Telling) -> int:
        return compare(telling)

    @group.command(name="info", help=say("desk.help_data_info", lang))
    @speaking(lang, told)
    def info(name: Name, /, *, telling: Telling) -> int:
        return tell(name, telling)


def offers(telling: Telling) -> int:
    """List the catalogue, and whether each entry is here, fetched or taken by hand."""
    from kachisuji.accounts.commons import Commons

    commons, lang = Commons(), telling.lang
    held = commons.holdings()
    series: dict[str, list[str]] = {}
    for name, offer in commons.offers.items():
        series.setdefault(offer.family or name, []).append(name)
    lines = []
    for family, names in series.items():
        offer, here = commons.offers[names[0]], [n for n in names if n in held]
        how = "held" if len(here) == len(names) else ("fetch" if offer.address else "hand")
        state = say(f"desk.data_{how}", lang)
        name, title = names[0], offer.title(lang)
        if len(names) > 1:  # one line for all years
            name = f"{family}-{{{names[0][-4:]}..{names[-1][-4:]}}}"
            title = title.replace(names[0][-4:], f"{names[0][-4:]}–{names[-1][-4:]}", 1)
        lines.append(f"{name}  [{state}]  {title}")
        if here and how != "held":
            lines.append(say("desk.data_some_held", lang, names=", ".join(here)))
        lines.append(f"    {offer.publisher} · {offer.licence} · {offer.page}")
    here_too = sorted(set(held) - set(commons.offers))
    lines += [f"{name}  [{say('desk.data_held', lang)}]  {held[name].file}" for name in here_too]
    lines.append(say("desk.data_store", lang, folder=commons.folder))
    entries = {n: asdict(o) | {"held": n in held} for n, o in commons.offers.items()}
    value = {"store": str(commons.folder), "offers": entries, "held": sorted(held)}
    telling.result("\n".join(lines), value)
    return 0


def _told(holding: "Holding", lang: Lang) -> list[str]:
    size = number(max(holding.size / 1e6, 0.001), lang, 3)
    publisher = holding.publisher or "-"
    return [
        say("desk.data_kept", lang, name=holding.name, file=holding.file, size=size),
        say("desk.data_rights", lang, publisher=publisher, licence=holding.licence),
        f"sha256 {holding.sha256}",
    ]


def put(file: Path, name: str, about: dict[str, str], telling: Telling) -> int:
    """Take a file that the user has downloaded."""
    from kachisuji.accounts.commons import Commons

    holding = Commons().add(file, name, **about)
    telling.result("\n".join(_told(holding, telling.lang)), asdict(holding))
    return 0


def bring(name: str, telling: Telling) -> int:
    """Download an entry of the catalogue, showing how far it is unless quiet was asked for."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    from kachisuji.accounts.commons import Commons

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    shown = Console(stderr=True, quiet=not telling.bars)
    with Progress(*columns, console=shown, transient=True) as bar:
        task = bar.add_task(name, total=None)

        def advance(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total or None)

        holding = Commons().fetch(name, progress=advance)
    telling.result("\n".join(_told(holding, telling.lang)), asdict(holding))
    return 0


def compare(telling: Telling) -> int:
    """Compare every held file with its checksum; 1 when one is missing or changed."""
    from kachisuji.accounts.commons import Commons

    commons, lang = Commons(), telling.lang
    found = commons.check()
    lines = [f"{name}: {say(f'desk.data_{state}', lang)}" for name, state in found.items()]
    lines.append(say("desk.data_checked", lang, count=len(found), folder=commons.folder))
    sound = set(found.values()) <= {"ok"}
    telling.result("\n".join(lines), {"store": str(commons.folder), "sound": sound, "files": found})
    return 0 if sound else 1


def tell(name: str, telling: Telling) -> int:
    """Say what is known of one holding, or of an entry of the catalogue that is not here yet."""
    from kachisuji.accounts.commons import Commons

    commons = Commons()
    offer = commons.offers.get(name)
    if offer is not None and name not in commons.holdings():
        state = say(f"desk.data_{'fetch' if offer.address else 'hand'}", telling.lang)
        rights = say(
            "desk.data_rights", telling.lang, publisher=offer.publisher, licence=offer.licence
        )
        lines = [f"{name}  [{state}]  {offer.title(telling.lang)}", rights, offer.citation]
        lines += [offer.page] + ([offer.address] if offer.address else [])
        telling.result("\n".join(lines), asdict(offer) | {"held": False})
        return 0
    holding = commons.info(name)
    more = [holding.citation, holding.source, holding.added]
    telling.result("\n".join([*_told(holding, telling.lang), *more]), asdict(holding))
    return 0
