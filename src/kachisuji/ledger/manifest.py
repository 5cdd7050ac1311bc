"""The manifest of a run: what it was made from, with what, and the checksum of every file."""

from __future__ import annotations

import json
import os
import platform
import sys
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from kachisuji import __version__
from kachisuji.ledger.folder import digest, write_atomic
from kachisuji.words import RunError

MANIFEST = "manifest.json"
FORMAT = 1
PACKAGES = ("numpy", "scipy", "pandas", "pyarrow", "numba", "highspy", "pydantic")


@dataclass(frozen=True)
class Manifest:
    """What a run folder says of itself.

    Attributes
    ----------
    case, seed, options
        What was run, and how: everything needed to run it again.
    made
        Date and time, versions and machine; told, never compared.
    inputs
        SHA-256 of every input file by its path in the run folder.
    files
        SHA-256 and size in bytes of every other file by its path in the run folder.
    figures
        What the run says of itself: counts of lines and futures, seconds by stage.
    """

    case: str
    seed: int
    options: dict[str, Any]
    made: dict[str, Any]
    inputs: dict[str, str]
    files: dict[str, dict[str, Any]]
    figures: dict[str, Any] = field(default_factory=dict)
    version: str = __version__
    format: int = FORMAT

    def write(self, folder: Path) -> None:
        """Write the manifest into ``folder``, whole or not at all."""
        text = json.dumps(asdict(self), ensure_ascii=False, indent=1, sort_keys=True)
        write_atomic(folder / MANIFEST, text + "\n")


def surroundings(when: str) -> dict[str, Any]:
    """Versions and machine a run was made with; ``when`` is an ISO 8601 date and time."""
    return {
        "when": when,
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "processors": os.cpu_count(),
        "packages": {name: metadata.version(name) for name in PACKAGES},
    }


def stored(folder: Path) -> list[str]:
    """Every file of a run folder but the manifest, by its path inside, sorted."""
    paths = (p for p in folder.rglob("*") if p.is_file() or p.is_symlink())
    return sorted(n for p in paths if (n := p.relative_to(folder).as_posix()) != MANIFEST)


def describe(
    folder: Path,
    *,
    case: str,
    seed: int,
    options: dict[str, Any],
    when: str,
    figures: dict[str, Any] | None = None,
    inputs: str = "case",
) -> Manifest:
    """Describe the files of ``folder``; those under ``inputs``/ are its inputs."""
    names = stored(folder)
    return Manifest(
        case=case,
        seed=seed,
        options=options,
        made=surroundings(when),
        inputs={n: digest(folder / n) for n in names if n.startswith(f"{inputs}/")},
        files={
            n: {"sha256": digest(folder / n), "bytes": (folder / n).stat().st_size}
            for n in names
            if not n.startswith(f"{inputs}/")
        },
        figures=figures or {},
    )


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a run folder.

    Raises
    ------
    RunError
        If ``folder`` is no run folder, or its manifest is damaged or of a newer format.
    """
    if not folder.is_dir():
        raise RunError("ledger.no_run", file=folder)
    path = folder / MANIFEST
    if not path.is_file():
        raise RunError("ledger.no_manifest", file=path)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        manifest = Manifest(**found)
        whole = all(isinstance(v, str) for v in manifest.inputs.values()) and all(
            isinstance(v["sha256"], str) for v in manifest.files.values()
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise RunError("ledger.bad_manifest", file=path, why=str(error)) from error
    if not whole:
        raise RunError("ledger.bad_manifest", file=path, why="inputs, files")
    if manifest.format != FORMAT:
        raise RunError("ledger.format", file=path, got=manifest.format, want=FORMAT)
    return manifest
