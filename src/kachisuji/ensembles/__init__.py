"""Many futures: designs, runners, outcomes on the disk.

A model is seen only as ``(draws, lines) -> outcomes``.
"""

from kachisuji.ensembles.chunks import Model
from kachisuji.ensembles.designs import generator, latin_hypercube, sobol
from kachisuji.ensembles.running import chunk_lines, run
from kachisuji.ensembles.store import STATISTICS, OutcomeTable

__all__ = [
    "STATISTICS",
    "Model",
    "OutcomeTable",
    "chunk_lines",
    "generator",
    "latin_hypercube",
    "run",
    "sobol",
]
