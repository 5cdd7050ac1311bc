"""Whether a run folder is still what its manifest says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kachisuji.ledger.folder import digest, disk_error
from kachisuji.ledger.manifest import Manifest, stored
from kachisuji.words import Lang, say


@dataclass(frozen=True)
class Difference:
    """One thing that is not as it should be.

    Attributes
    ----------
    file
        Path inside the run folder.
    key
        Catalogue key of what is wrong.
    values
        Placeholders of the text.
    """

    file: str
    key: str
    values: dict[str, Any]

    def in_lang(self, lang: Lang) -> str:
        """Say the difference in words."""
        return f"{self.file}: {say(self.key, lang, **self.values)}"


def compare_files(folder: Path, manifest: Manifest) -> list[Difference]:
    """Compare every file of a run folder with its manifest by SHA-256.

    Returns
    -------
    list of Difference
        Files that changed, are missing, or were added; empty when all are the same.

    Raises
    ------
    RunError
        If a file cannot be read.
    """
    expected = manifest.inputs | {n: str(v["sha256"]) for n, v in manifest.files.items()}
    present = stored(folder)
    out = [Difference(n, "ledger.missing", {}) for n in sorted(set(expected) - set(present))]
    for name in present:
        if name not in expected:
            out.append(Difference(name, "ledger.added", {}))
            continue
        try:
            got = digest(folder / name)
        except OSError as error:
            raise disk_error(error, folder / name) from error
        if got != expected[name]:
            values: dict[str, Any] = {"got": got[:12], "want": expected[name][:12]}
            out.append(Difference(name, "ledger.changed", values))
    return out
