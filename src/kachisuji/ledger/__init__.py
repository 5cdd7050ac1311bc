"""Run records: what went in, what came out, and whether it is still the same."""

from kachisuji.ledger.folder import (
    copy_into,
    digest,
    disk_error,
    resumable_folder,
    run_folder,
    unfinished,
    write_atomic,
)
from kachisuji.ledger.manifest import MANIFEST, Manifest, describe, read_manifest, surroundings
from kachisuji.ledger.verify import Difference, compare_files

__all__ = [
    "MANIFEST",
    "Difference",
    "Manifest",
    "compare_files",
    "copy_into",
    "describe",
    "digest",
    "disk_error",
    "read_manifest",
    "resumable_folder",
    "run_folder",
    "surroundings",
    "unfinished",
    "write_atomic",
]
