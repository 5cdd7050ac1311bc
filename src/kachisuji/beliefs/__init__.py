"""Distributions over what is not known, and evidence with its grades."""

from kachisuji.beliefs.correlations import (
    Conflict,
    conflicts,
    correlate,
    definite,
    normal_correlations,
)
from kachisuji.beliefs.distributions import (
    KINDS,
    Bernoulli,
    Constant,
    Distribution,
    Lognormal,
    Pert,
    Triangular,
    Uniform,
    distribution,
    triangular_ppf,
)
from kachisuji.beliefs.evidence import (
    GRADES,
    READ,
    SOURCED,
    Evidence,
    Grade,
    Register,
    grades_in,
)

__all__ = [
    "GRADES",
    "KINDS",
    "READ",
    "SOURCED",
    "Bernoulli",
    "Conflict",
    "Constant",
    "Distribution",
    "Evidence",
    "Grade",
    "Lognormal",
    "Pert",
    "Register",
    "Triangular",
    "Uniform",
    "conflicts",
    "correlate",
    "definite",
    "distribution",
    "grades_in",
    "normal_correlations",
    "triangular_ppf",
]
