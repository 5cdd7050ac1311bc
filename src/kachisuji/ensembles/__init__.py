"""Many futures: designs and runners. A model is seen only as ``(draws, lines) -> outcomes``."""

from kachisuji.ensembles.designs import latin_hypercube, sobol
from kachisuji.ensembles.outcomes import STATISTICS, OutcomeTable
from kachisuji.ensembles.runner import run

__all__ = ["STATISTICS", "OutcomeTable", "latin_hypercube", "run", "sobol"]
