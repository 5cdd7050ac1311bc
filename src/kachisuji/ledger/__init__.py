"""Run records: what went in, what came out, and whether it is still the same."""

from kachisuji.ledger.folder import copy_into, digest, disk_error, run_folder, write_atomic
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
    "run_folder",
    "surroundings",
    "write_atomic",
]
