"""Many futures: designs, runners, outcomes on the disk.

A model is seen only as ``(draws, lines) -> outcomes``.
"""

from kachisuji.beliefs import correlate
from kachisuji.ensembles.chunks import Model
from kachisuji.ensembles.designs import (
    event_year,
    factorial,
    generator,
    halton,
    latin_hypercube,
    reweigh,
    sobol,
)
from kachisuji.ensembles.discovery import Box, Prim, cart, prim
from kachisuji.ensembles.forest import feature_scores
from kachisuji.ensembles.plugging import FunctionModel, from_ema
from kachisuji.ensembles.running import chunk_lines, run
from kachisuji.ensembles.sensitivity import (
    delta_indices,
    morris_design,
    morris_effects,
    sobol_design,
    sobol_indices,
    value_of_information,
)
from kachisuji.ensembles.store import STATISTICS, OutcomeTable

__all__ = [
    "STATISTICS",
    "Box",
    "FunctionModel",
    "Model",
    "OutcomeTable",
    "Prim",
    "cart",
    "chunk_lines",
    "correlate",
    "delta_indices",
    "event_year",
    "factorial",
    "feature_scores",
    "from_ema",
    "generator",
    "halton",
    "latin_hypercube",
    "morris_design",
    "morris_effects",
    "prim",
    "reweigh",
    "run",
    "sobol",
    "sobol_design",
    "sobol_indices",
    "value_of_information",
]
