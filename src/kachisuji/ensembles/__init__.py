"""Many futures: designs, runners, outcomes on the disk.

A model is seen only as ``(draws, lines) -> outcomes``.
"""

from kachisuji.ensembles.chunks import Model
from kachisuji.ensembles.designs import generator, latin_hypercube, sobol
from kachisuji.ensembles.discovery import Box, Prim, cart, prim
from kachisuji.ensembles.running import chunk_lines, run
from kachisuji.ensembles.store import STATISTICS, OutcomeTable

__all__ = [
    "STATISTICS",
    "Box",
    "Model",
    "OutcomeTable",
    "Prim",
    "cart",
    "chunk_lines",
    "generator",
    "latin_hypercube",
    "prim",
    "run",
    "sobol",
]
