"""Tables saved by pymrio (``IOSystem.save_all`` or ``.save``): a folder or a zip.

``file_parameters.json`` names the files and how many header lines and label columns each has;
``Z`` and ``Y`` (or ``A`` and ``x`` in place of ``Z``) are tab-separated text or Parquet; extensions
are subfolders with ``F``.
"""

from __future__ import annotations

import io
import json
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from kachisuji.accounts.assembling import assemble, users
from kachisuji.accounts.economy import Economy, Extension
from kachisuji.accounts.files import content, members
from kachisuji.accounts.sniffing import decoded
from kachisuji.words import InputError

FORM = "pymrio archive"
_PARAMETERS = "file_parameters.json"


def looks_like(path: Path) -> bool:
    """Whether ``path`` is a folder or zip with pymrio's parameters in it."""
    if path.is_dir():
        return (path / _PARAMETERS).is_file()
    if path.suffix.lower() != ".zip":
        return False
    try:
        return any(PurePosixPath(n).name == _PARAMETERS for n in members(path))
    except InputError:
        return False


def read(path: Path, year: int | None = None) -> Economy:
    """Read a saved system with its extensions; ``year`` where the metadata has none."""
    store = _Store(path)
    parameters = store.json(_PARAMETERS)
    if parameters.get("systemtype") != "IOSystem":
        got = parameters.get("systemtype", "nothing")
        raise InputError("accounts.layout", file=path, form=FORM, want="IOSystem", got=got)
    files = parameters["files"]
    final = store.frame(files, "Y")
    if "Z" in files:
        flows = store.frame(files, "Z")
    elif "A" in files and "x" in files:
        coefficients, output = store.frame(files, "A"), store.frame(files, "x")
        flows = coefficients * output.to_numpy(float).ravel()
    else:
        raise InputError(
            "accounts.layout", file=path, form=FORM, want="Z, or A and x", got=list(files)
        )
    rows, columns = _pairs(flows.index), _pairs(flows.columns)
    categories = list(dict.fromkeys(c for _, c in _pairs(final.columns)))
    if not final.index.equals(flows.index):
        want, got = "the rows of Z", "others"
        raise InputError("accounts.layout", file=f"{path}/Y", form=FORM, want=want, got=got)
    values = np.hstack([flows.to_numpy(float), final.to_numpy(float)])
    about = store.about(year)
    economy = assemble(
        values,
        rows,
        columns + _pairs(final.columns),
        categories=categories,
        file=str(path),
        form=FORM,
        **about,
    )
    order = {label: k for k, label in enumerate(columns)}
    take = [order[economy.label(k)] for k in range(economy.n)]
    for extension in store.extensions(take, economy):
        economy = economy.with_extension(extension)
    return economy


def _pairs(index: Any) -> list[tuple[str, str]]:
    if index.nlevels == 1:
        return [("HOME", str(label)) for label in index]
    return [(str(a), str(b)) for a, b, *_ in index]


def _items(frame: Any) -> tuple[str, ...]:
    return tuple(" / ".join(map(str, i)) if isinstance(i, tuple) else str(i) for i in frame.index)


class _Store:
    """Files of a folder or of a zip by their path inside."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            raise InputError("accounts.no_file", file=path)
        self.prefix = PurePosixPath()
        if path.is_dir():
            self.names = [
                str(f.relative_to(path).as_posix()) for f in path.rglob("*") if f.is_file()
            ]
        else:
            self.names = members(path)
            roots = sorted(
                (
                    PurePosixPath(n).parent
                    for n in self.names
                    if PurePosixPath(n).name == _PARAMETERS
                ),
                key=lambda p: len(p.parts),
            )
            self.prefix = roots[0] if roots else self.prefix

    def bytes(self, name: str) -> bytes:
        full = str(self.prefix / name)
        if full not in self.names:
            raise InputError("accounts.no_file", file=f"{self.path}/{full}")
        return content(self.path / full) if self.path.is_dir() else content(self.path, full)

    def json(self, name: str) -> dict[str, Any]:
        try:
            parsed = json.loads(self.bytes(name))
        except ValueError as error:
            place = f"{self.path}/{name}"
            raise InputError(
                "accounts.unreadable", file=place, form="JSON", why=str(error)
            ) from error
        if not isinstance(parsed, dict):
            raise InputError(
                "accounts.layout",
                file=f"{self.path}/{name}",
                form=FORM,
                want="an object",
                got="none",
            )
        return parsed

    def frame(self, files: dict[str, Any], which: str, folder: str = "") -> Any:
        import pandas as pd

        if which not in files:
            raise InputError(
                "accounts.layout", file=self.path, form=FORM, want=which, got=list(files)
            )
        entry = files[which]
        name = str(PurePosixPath(folder) / entry["name"])
        raw = self.bytes(name)
        try:
            if name.endswith(".parquet"):
                return pd.read_parquet(io.BytesIO(raw))
            return pd.read_csv(
                io.BytesIO(raw),
                sep="\t" if name.endswith((".txt", ".tsv")) else ",",
                header=list(range(int(entry["nr_header"]))),
                index_col=list(range(int(entry["nr_index_col"]))),
            ).astype(float)
        except (ValueError, OSError) as error:
            place, why = f"{self.path}/{name}", str(error).splitlines()[0]
            raise InputError("accounts.unreadable", file=place, form=FORM, why=why) from error

    def about(self, year: int | None) -> dict[str, Any]:
        meta = self.json("metadata.json") if self._has("metadata.json") else {}
        title = str(meta.get("name") or meta.get("description") or "pymrio archive")
        if year is None:
            digits = [w for w in title.replace("_", " ").split() if w.isdigit() and len(w) == 4]
            year = int(digits[0]) if digits else None
        if year is None:
            raise InputError("accounts.year_untold", file=self.path)
        file, units = self.units("")
        if len(units) > 1:
            known = ", ".join(sorted(units))
            raise InputError("accounts.mixed_units", file=f"{self.path}/{file}", known=known)
        unit = units[0] if units else "as saved"
        return {"year": year, "unit": unit, "currency": "", "title": title}

    def units(self, folder: str) -> tuple[str, list[str]]:
        """Name of the file of units and the units in it, each once; none where there is no file."""
        import pandas as pd

        for name in ("unit.txt", "unit.parquet"):
            inner = str(PurePosixPath(folder) / name)
            if not self._has(inner):
                continue
            if name.endswith(".parquet"):
                try:
                    cells = pd.read_parquet(io.BytesIO(self.bytes(inner)))["unit"].astype(str)
                except (ValueError, OSError, KeyError) as error:
                    place, why = f"{self.path}/{inner}", str(error).splitlines()[0]
                    raise InputError(
                        "accounts.unreadable", file=place, form=FORM, why=why
                    ) from error
                return inner, list(dict.fromkeys(cell.strip() for cell in cells))
            lines = decoded(self.bytes(inner), f"{self.path}/{inner}", FORM).splitlines()[1:]
            found = (line.split("\t")[-1].strip() for line in lines if line.strip())
            return inner, list(dict.fromkeys(found))
        return "", []

    def _has(self, name: str) -> bool:
        return str(self.prefix / name) in self.names

    def extensions(self, take: list[int], economy: Economy) -> list[Extension]:
        """Accounts of subfolders that hold ``F``, with ``F_Y`` of the final users if there."""
        found = []
        for name in sorted(self.names):
            pure = PurePosixPath(name)
            inner = pure.relative_to(self.prefix) if str(self.prefix) != "." else pure
            if pure.name != _PARAMETERS or len(inner.parts) != 2:
                continue
            folder = inner.parts[0]
            parameters = self.json(str(inner))
            if "F" not in parameters.get("files", {}):
                continue
            F = self.frame(parameters["files"], "F", folder)
            items = _items(F)
            values = np.ascontiguousarray(F.to_numpy(float)[:, take])
            final = None
            if "F_Y" in parameters["files"]:
                F_Y = self.frame(parameters["files"], "F_Y", folder)
                place = f"{self.path}/{folder}/F_Y"
                final = users(
                    F_Y.to_numpy(float), _items(F_Y), _pairs(F_Y.columns), items, economy, place
                )
            source = str(self.path)
            unit = ", ".join(self.units(folder)[1]) or "as saved"
            found.append(Extension(folder, items, values, unit, source=source, final=final))
        return found
