"""The commands ``kachisuji node …`` and ``kachisuji constellation …``."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from kachisuji.desk.constellation import acting, training
from kachisuji.desk.helping import ALONE, Told, speaking
from kachisuji.desk.telling import Telling
from kachisuji.words import InputError, Lang, say


def add_constellation(app: App, lang: Lang, told: Told) -> None:
    """Add both groups to the commands."""
    node = App(name="node", help=say("nodes.help_node", lang))
    whole = App(name="constellation", help=say("nodes.help_constellation", lang))
    app.command(node)
    app.command(whole)
    _add_node_making(node, lang, told)
    _add_node_work(node, lang, told)
    _add_showing(node, "log", ("nodes.help_node_log", "nodes.arg_folder"), acting.log, lang, told)
    _add_founding(whole, lang, told)
    keys = "nodes.help_constellation_list", "nodes.arg_coordinator"
    _add_showing(whole, "list", keys, acting.participants, lang, told)
    keys = "nodes.help_node_models", "nodes.arg_folder"
    _add_showing(node, "models", keys, training.models, lang, told)
    _add_serving(whole, lang, told)
    _add_asking(whole, lang, told)


def _add_showing(
    group: App,
    name: str,
    keys: tuple[str, str],
    show: Callable[[Path, Telling], int],
    lang: Lang,
    told: Told,
) -> None:
    """Add a command that shows what one folder holds; ``keys`` tell of it and of the folder."""

    @group.command(name=name, help=say(keys[0], lang))
    @speaking(lang, told)
    def showing(
        folder: Annotated[Path, told(keys[1])],
        /,
        *,
        telling: Telling,
    ) -> int:
        return show(folder, telling)


def _add_node_making(group: App, lang: Lang, told: Told) -> None:
    Folder = Annotated[Path, told("nodes.arg_folder")]

    @group.command(name="init", help=say("nodes.help_node_init", lang))
    @speaking(lang, told)
    def init(
        folder: Folder,
        /,
        *,
        name: Annotated[str, told("nodes.opt_name")] = "",
        role: Annotated[Literal["node", "member", "asker"], told("nodes.opt_role")] = "node",
        invitation: Annotated[Path | None, told("nodes.opt_invitation")] = None,
        renew: Annotated[bool, told("nodes.opt_renew"), ALONE] = False,
        telling: Telling,
    ) -> int:
        return acting.init(folder, name, role, invitation, renew, telling)

    @group.command(name="add", help=say("nodes.help_node_add", lang))
    @speaking(lang, told)
    def add(
        folder: Folder,
        file: Annotated[Path, told("nodes.arg_table_file")],
        /,
        *,
        table: Annotated[str, told("nodes.opt_table")],
        telling: Telling,
    ) -> int:
        return acting.add(folder, file, table, telling)

    @group.command(name="tables", help=say("nodes.help_node_tables", lang))
    @speaking(lang, told)
    def tables(*, telling: Telling) -> int:
        return acting.tables(telling)

    @group.command(name="check", help=say("nodes.help_node_check", lang))
    @speaking(lang, told)
    def check(
        folder: Folder,
        /,
        *,
        recover: Annotated[bool, told("nodes.opt_recover"), ALONE] = False,
        telling: Telling,
    ) -> int:
        return acting.check(folder, recover, telling)


def _add_node_work(group: App, lang: Lang, told: Told) -> None:
    Asked = Annotated[Literal["en", "ja"], told("desk.opt_lang")]
    Folder = Annotated[Path, told("nodes.arg_folder")]

    @group.command(name="serve", help=say("nodes.help_node_serve", lang))
    def serve(
        folder: Folder,
        /,
        *,
        port: Annotated[int, told("nodes.opt_screen_port")] = 8770,
        lang: Asked = lang,
    ) -> int:
        return acting.serve_node(folder, port, Telling(lang))

    @group.command(name="approve", help=say("nodes.help_node_approve", lang))
    @speaking(lang, told)
    def approve(
        folder: Folder,
        question: Annotated[str, told("nodes.arg_question_id")] = "",
        /,
        *,
        always: Annotated[bool, told("nodes.opt_always"), ALONE] = False,
        refuse: Annotated[bool, told("nodes.opt_refuse"), ALONE] = False,
        telling: Telling,
    ) -> int:
        if always and refuse:
            raise InputError("nodes.always_and_never")
        how = "never" if refuse else "always" if always else "once"
        return acting.approve(folder, question, how, telling)

    @group.command(name="withdraw", help=say("nodes.help_node_withdraw", lang))
    @speaking(lang, told)
    def withdraw(
        folder: Folder,
        approval: Annotated[str, told("nodes.arg_approval")] = "",
        /,
        *,
        telling: Telling,
    ) -> int:
        return acting.withdraw(folder, approval, telling)


def _add_founding(group: App, lang: Lang, told: Told) -> None:
    Folder = Annotated[Path, told("nodes.arg_coordinator")]

    @group.command(name="init", help=say("nodes.help_constellation_init", lang))
    @speaking(lang, told)
    def init(
        folder: Folder,
        /,
        *,
        host: Annotated[str, told("nodes.opt_own_host")] = "",
        renew: Annotated[bool, told("nodes.opt_renew_coordinator"), ALONE] = False,
        telling: Telling,
    ) -> int:
        return acting.found(folder, host, renew, telling)

    @group.command(name="invite", help=say("nodes.help_constellation_invite", lang))
    @speaking(lang, told)
    def invite(
        folder: Folder,
        request: Annotated[Path, told("nodes.arg_request")],
        /,
        *,
        out: Annotated[Path, told("nodes.opt_invitation_out")],
        url: Annotated[str, told("nodes.opt_url")],
        at: Annotated[str, told("nodes.opt_at")] = "",
        days: Annotated[int, told("nodes.opt_days")] = 365,
        telling: Telling,
    ) -> int:
        return acting.invite(folder, request, out, (url, at), days, telling)

    @group.command(name="revoke", help=say("nodes.help_constellation_revoke", lang))
    @speaking(lang, told)
    def revoke(
        folder: Folder,
        name: Annotated[str, told("nodes.arg_name")],
        /,
        *,
        serial: Annotated[str, told("nodes.opt_serial")] = "",
        telling: Telling,
    ) -> int:
        return acting.revoke(folder, name, serial, telling)


def _add_serving(group: App, lang: Lang, told: Told) -> None:
    Asked = Annotated[Literal["en", "ja"], told("desk.opt_lang")]

    @group.command(name="serve", help=say("nodes.help_constellation_serve", lang))
    def serve(
        folder: Annotated[Path, told("nodes.arg_coordinator")],
        /,
        *,
        host: Annotated[str, told("nodes.opt_host")] = "127.0.0.1",
        port: Annotated[int, told("nodes.opt_port")] = 8443,
        lang: Asked = lang,
    ) -> int:
        return acting.serve(folder, host, port, Telling(lang))

    @group.command(name="member", help=say("nodes.help_constellation_member", lang))
    def member(folder: Annotated[Path, told("nodes.arg_member")], /, *, lang: Asked = lang) -> int:
        return acting.sit(folder, Telling(lang))

    @group.command(name="demo", help=say("nodes.help_constellation_demo", lang))
    @speaking(lang, told)
    def demo(
        *,
        nodes: Annotated[int, told("nodes.opt_nodes")] = 12,
        out: Annotated[Path | None, told("nodes.opt_demo_out")] = None,
        keep: Annotated[bool, told("nodes.opt_keep"), ALONE] = False,
        stay: Annotated[bool, told("nodes.opt_stay"), ALONE] = False,
        seed: Annotated[int, told("desk.opt_seed")] = 0,
        telling: Telling,
    ) -> int:
        from kachisuji.desk.constellation import demo as shown

        return shown.demo(nodes, out, keep, stay, seed, telling)


def _add_asking(group: App, lang: Lang, told: Told) -> None:
    @group.command(name="ask", help=say("nodes.help_constellation_ask", lang))
    @speaking(lang, told)
    def ask(
        question: Annotated[Path, told("nodes.arg_question")],
        /,
        *,
        identity: Annotated[Path, told("nodes.opt_identity")],
        url: Annotated[str, told("nodes.opt_asked_url")] = "",
        ident: Annotated[str, told("nodes.opt_asked_before"), Parameter(name="--id")] = "",
        patience: Annotated[float, told("nodes.opt_patience")] = 30.0,
        out: Annotated[Path | None, told("nodes.opt_answer_out")] = None,
        telling: Telling,
    ) -> int:
        return acting.ask(question, identity, url, ident, patience, out, telling)

    @group.command(name="train", help=say("nodes.help_constellation_train", lang))
    @speaking(lang, told)
    def train(
        process: Annotated[str, told("nodes.arg_process")],
        /,
        *,
        identity: Annotated[Path, told("nodes.opt_identity")],
        model: Annotated[Literal["cost", "yield"], told("nodes.opt_model")] = "cost",
        rounds: Annotated[int, told("nodes.opt_rounds")] = 0,
        epsilon: Annotated[float, told("nodes.opt_epsilon")] = 0.0,
        url: Annotated[str, told("nodes.opt_asked_url")] = "",
        patience: Annotated[float, told("nodes.opt_patience")] = 30.0,
        out: Annotated[Path | None, told("nodes.opt_shared_out")] = None,
        telling: Telling,
    ) -> int:
        made = training.model_of(model, rounds, epsilon)
        return training.train(process, identity, url, made, patience, out, telling)
