"""The open-data commons: what there is, what is here, where it came from and under which licence.

A store is a folder:

* ``objects/ab/abcdef…``: files by the sha256 of their content, never changed;
* ``index.json``: what each is called, where it came from, its licence and checksum;
* ``flows/NAME-YEAR.parquet``: tables as long Parquet (seller, buyer, value), for DuckDB;
* ``parts/``: downloads that were broken off, to be taken up again.

Everything is written beside its place and then moved there: a store is never half-written.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kachisuji.accounts.economy import Economy
from kachisuji.accounts.reading import KINDS, read, years_in
from kachisuji.words import InputError, Lang, RunError, nearest

if TYPE_CHECKING:
    import pandas as pd

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_CHUNK = 2**20


@dataclass(frozen=True)
class Offer:
    """One entry of the catalogue; ``family`` is what the entries of a series of years share."""

    name: str
    kind: str
    title_en: str
    title_ja: str
    publisher: str
    licence: str
    page: str
    citation: str
    address: str = ""
    file: str = ""
    sha256: str = ""
    family: str = ""

    def title(self, lang: Lang = "en") -> str:
        """Return the title in a language."""
        return self.title_ja if lang == "ja" else self.title_en


@dataclass(frozen=True)
class Holding:
    """One file of a store."""

    name: str
    file: str
    sha256: str
    size: int
    kind: str
    publisher: str
    licence: str
    citation: str
    source: str
    added: str


def catalogue(path: Path | None = None) -> dict[str, Offer]:
    """Return what is on offer, by name: the catalogue in the package, or another file like it."""
    if path is None:
        text = (resources.files("kachisuji.accounts") / "data" / "catalogue.toml").read_text(
            "utf-8"
        )
    else:
        text = path.read_text("utf-8")
    try:
        entries = tomllib.loads(text)
        offers = [offer for name, entry in entries.items() for offer in _offers(name, entry)]
        return {offer.name: offer for offer in offers}
    except (tomllib.TOMLDecodeError, TypeError, KeyError, ValueError) as error:
        raise InputError("accounts.unreadable", file=path, form="TOML", why=str(error)) from error


def _offers(name: str, entry: dict[str, Any]) -> list[Offer]:
    """Return the entry, or one for each of its years, ``{year}`` (and ``{node}``) filled in."""
    nodes = entry.get("nodes", {})
    first, last = entry.get("years", (0, -1))
    years = [int(year) for year in nodes] or list(range(first, last + 1))
    facts = {key: value for key, value in entry.items() if key not in ("years", "nodes")}
    if not years:
        return [Offer(name=name, **facts)]
    return [
        Offer(
            name=f"{name}-{year}",
            family=name,
            **{k: v.format(year=year, node=nodes.get(str(year), "")) for k, v in facts.items()},
        )
        for year in years
    ]


def default_store() -> Path:
    """Return the store's folder: ``KACHISUJI_STORE``, else one in the user's data folder."""
    given = os.environ.get("KACHISUJI_STORE")
    if given:
        return Path(given)
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "kachisuji" / "commons"


class Commons:
    """A local store of publishers' files.

    Parameters
    ----------
    folder
        Where it is (made when something is first put in).
    offers
        The catalogue; None takes the package's.
    """

    def __init__(self, folder: Path | None = None, offers: dict[str, Offer] | None = None) -> None:
        self.folder = folder if folder is not None else default_store()
        self.offers = offers if offers is not None else catalogue()

    # ---- what is here -----------------------------------------------------------------------

    def holdings(self) -> dict[str, Holding]:
        """Return what the store holds, by name."""
        index = self.folder / "index.json"
        if not index.is_file():
            return {}
        try:
            entries = json.loads(index.read_text("utf-8"))
            return {name: Holding(**entry) for name, entry in entries.items()}
        except (ValueError, TypeError, AttributeError) as error:
            raise RunError(
                "accounts.unreadable", file=index, form="JSON", why=str(error)
            ) from error

    def info(self, name: str) -> Holding:
        """Return what is known of one holding."""
        held = self.holdings()
        if name not in held:
            raise InputError("accounts.not_held", name=name, known=", ".join(held) or "-")
        return held[name]

    def path(self, name: str) -> Path:
        """Return the file of a holding, its content unchecked (see :meth:`check`)."""
        return self._object(self.info(name).sha256)

    def check(self) -> dict[str, str]:
        """Compare every file with its checksum: name to ``ok``, ``missing`` or ``changed``."""
        result = {}
        for name, holding in self.holdings().items():
            file = self._object(holding.sha256)
            if not file.is_file():
                result[name] = "missing"
            else:
                result[name] = "ok" if _sha256(file) == holding.sha256 else "changed"
        return result

    def _object(self, sha256: str) -> Path:
        return self.folder / "objects" / sha256[:2] / sha256

    # ---- putting in -------------------------------------------------------------------------

    def add(self, file: Path, name: str, **about: str) -> Holding:
        """Take a file that the user has downloaded; the original stays where it is.

        Parameters
        ----------
        name
            What to call it; a name of the catalogue brings publisher, licence and citation.
        about
            ``kind``, ``publisher``, ``licence``, ``citation``, ``source`` where the catalogue has
            no such name, or to override it.
        """
        _refuse_name(name)
        if not file.is_file():
            raise InputError("accounts.no_file", file=file)
        from kachisuji.accounts.fetching import is_page

        with file.open("rb") as source:
            start = source.read(_CHUNK)
        if not start or is_page(start):
            raise InputError("accounts.page_added" if start else "accounts.empty_file", file=file)
        offer = self.offers.get(name)
        if offer is not None and offer.sha256:
            got = _sha256(file)
            if got != offer.sha256:
                raise InputError("accounts.checksum", file=file, got=got, want=offer.sha256)
        with _writing(self.folder):
            (self.folder / "parts").mkdir(parents=True, exist_ok=True)
            with (
                file.open("rb") as source,
                tempfile.NamedTemporaryFile(dir=self.folder / "parts", delete=False) as target,
            ):
                copied = Path(target.name)
                try:
                    while chunk := source.read(_CHUNK):
                        target.write(chunk)
                except BaseException:
                    copied.unlink(missing_ok=True)
                    raise
            return self._keep(copied, name, file.name, str(file), about)

    def fetch(
        self,
        name: str,
        *,
        progress: Callable[[int, int], None] | None = None,
        timeout: float = 60.0,
    ) -> Holding:
        """Download an entry of the catalogue; a download broken off is taken up where it stopped.

        Parameters
        ----------
        progress
            Told bytes done and bytes in all (0 when the server does not say).

        Raises
        ------
        InputError
            When there is no such entry, or none with an address of a file.
        RunError
            When the network fails, the answer is a web page, or the content is not what its
            checksum says; nothing is put into the store then.
        """
        offer = self.offers.get(name)
        if offer is None:
            raise InputError("accounts.not_offered", name=name, known=nearest(name, self.offers))
        if not offer.address:
            raise InputError("accounts.by_hand", name=name, page=offer.page)
        from kachisuji.accounts.fetching import download

        with _writing(self.folder):
            part = download(
                offer.address, self.folder / "parts", timeout=timeout, progress=progress
            )
            known = self.holdings().get(name)
            want = offer.sha256 or (known.sha256 if known is not None else "")
            got = _sha256(part)
            if want and got != want:
                part.unlink()
                raise RunError("accounts.checksum", file=offer.address, got=got, want=want)
            file = offer.file or offer.address.rsplit("/", 1)[-1] or name
            return self._keep(part, name, file, offer.address, {})

    def _keep(
        self, part: Path, name: str, file: str, source: str, about: dict[str, str]
    ) -> Holding:
        offer = self.offers.get(name)
        facts = {"kind": "", "publisher": "", "licence": "", "citation": "", "source": source}
        if offer is not None:
            facts |= {k: getattr(offer, k) for k in ("kind", "publisher", "licence", "citation")}
        for key, value in about.items():
            if key not in facts:
                part.unlink()
                raise InputError("accounts.unknown_key", row=key, known=", ".join(facts))
            facts[key] = value
        if facts["kind"] and facts["kind"] not in KINDS:
            part.unlink()
            known = nearest(facts["kind"], KINDS, 20)
            raise InputError("accounts.unknown_kind", kind=facts["kind"], known=known)
        if not facts["licence"]:
            part.unlink()
            raise InputError("accounts.licence_needed", name=name)
        digest, size = _sha256(part), part.stat().st_size
        target = self._object(digest)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(part, target)
        when = datetime.now(UTC).isoformat(timespec="seconds")
        holding = Holding(name, file, digest, size, added=when, **facts)
        held = {**self.holdings(), name: holding}
        _write_json(self.folder / "index.json", {k: asdict(h) for k, h in held.items()})
        return holding

    # ---- using ------------------------------------------------------------------------------

    def table(self, name: str, year: int | None = None, **options: Any) -> Economy:
        """Read a holding as a table, with the reader of its kind.

        The file is laid out under its publisher's name for the reader, in a folder that is gone
        afterwards; publisher, licence and citation of the holding go with the table.
        """
        from dataclasses import replace

        holding = self.info(name)
        if not holding.kind:
            raise InputError("accounts.kind_unknown", name=name)
        source = self._object(holding.sha256)
        if _sha256(source) != holding.sha256:
            got = "other"
            raise RunError("accounts.checksum", file=source, got=got, want=holding.sha256)
        with self._laid_out(holding) as link:
            table = read(holding.kind, link, year, **options)
        licence = holding.licence or table.licence
        return replace(table, licence=licence, source=f"{name}: {holding.file}", copy=False)

    def years(self, name: str) -> list[int]:
        """Return the years that a holding of several names; empty where its reader must say."""
        holding = self.info(name)
        if not holding.kind:
            return []
        with self._laid_out(holding) as link:
            return years_in(holding.kind, link)

    @contextmanager
    def _laid_out(self, holding: Holding) -> Iterator[Path]:
        source = self._object(holding.sha256)
        with tempfile.TemporaryDirectory() as folder:
            link = Path(folder) / holding.file
            try:
                os.link(source, link)
            except OSError:  # another file system
                link.symlink_to(source)
            yield link

    def register(self, name: str, economy: Economy) -> Path:
        """Keep a table's flows as long Parquet for :meth:`query`."""
        _refuse_name(name)
        with _writing(self.folder):
            target = self.folder / "flows" / f"{name}-{economy.year}.parquet"
            target.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as stream:
                part = Path(stream.name)
            try:
                write_flows(economy, part, name)
            except BaseException:
                part.unlink(missing_ok=True)
                raise
            os.replace(part, target)
        return target

    def query(self, sql: str) -> pd.DataFrame:
        """Ask DuckDB over ``flows``: all registered tables' cells.

        Columns ``dataset, year, seller_region, seller_sector, buyer_region, buyer_code, value``.
        Nothing else can be read or written: no files, no network.
        """
        import duckdb

        files = sorted((self.folder / "flows").glob("*.parquet"))
        if not files:
            raise InputError("accounts.nothing_registered")
        connection = duckdb.connect()
        try:
            listed = ", ".join("'" + str(f).replace("'", "''") + "'" for f in files)
            connection.execute(f"CREATE TABLE flows AS SELECT * FROM read_parquet([{listed}])")
            connection.execute("SET enable_external_access = false")
            return connection.execute(sql).df()
        except duckdb.Error as error:
            raise InputError("accounts.query", why=str(error).splitlines()[0]) from error
        finally:
            connection.close()


def write_flows(economy: Economy, path: Path, dataset: str) -> None:
    """Write the cells of a table that are not nil as long Parquet."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    cells = np.hstack([economy.Z, economy.Y])
    row, column = np.nonzero(cells)
    S, F, n = economy.n_sectors, economy.n_categories, economy.n
    final = column >= n
    buyer = np.where(final, (column - n) // F, column // S)
    code = np.where(final, S + (column - n) % F, column % S)

    def named(places: Any, names: tuple[str, ...]) -> pa.Array:
        return pa.DictionaryArray.from_arrays(pa.array(places.astype(np.int32)), pa.array(names))

    count = len(row)
    table = pa.table(
        {
            "dataset": named(np.zeros(count), (dataset,)),
            "year": pa.array(np.full(count, economy.year, dtype=np.int16)),
            "seller_region": named(row // S, economy.regions),
            "seller_sector": named(row % S, economy.sectors),
            "buyer_region": named(buyer, economy.regions),
            "buyer_code": named(code, economy.sectors + economy.categories),
            "value": pa.array(cells[row, column]),
        }
    )
    about = {
        b"licence": economy.licence.encode(),
        b"publisher": economy.publisher.encode(),
        b"citation": economy.citation.encode(),
        b"checksum": economy.checksum.encode(),
        b"unit": f"{economy.unit} {economy.currency}".encode(),
    }
    pq.write_table(table.replace_schema_metadata(about), path, compression="zstd")


def used(*tables: Economy) -> list[dict[str, str]]:
    """Return what a result used, for its list of sources: one line a table, doubles left out."""
    lines: dict[str, dict[str, str]] = {}
    for table in tables:
        lines[table.checksum] = {
            "title": table.title,
            "publisher": table.publisher,
            "licence": table.licence,
            "citation": table.citation,
            "checksum": table.checksum,
        }
    return list(lines.values())


def _refuse_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise InputError("accounts.bad_name", name=name)


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _write_json(path: Path, content: Any) -> None:
    with tempfile.NamedTemporaryFile(
        "w", dir=path.parent, delete=False, encoding="utf-8"
    ) as stream:
        json.dump(content, stream, ensure_ascii=False, indent=1, sort_keys=True)
    os.replace(stream.name, path)


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Turn a full disk or a folder that may not be written into words."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        if isinstance(error, ConnectionError):
            raise
        raise RunError(
            "accounts.cannot_write", file=error.filename or folder, why=error.strerror or str(error)
        ) from error
