"""How a segment is won: capability, learning, tipping; a line's outcomes in one future."""

from kachisuji.contest.correlations import check_correlated, correlated, correlations
from kachisuji.contest.doctrine import Doctrine, Rule, doctrine, partners_say
from kachisuji.contest.history import history
from kachisuji.contest.lines import enumerate_lines
from kachisuji.contest.marginal import Marginal, by_pair, marginal
from kachisuji.contest.model import ContestModel, Outcomes, build
from kachisuji.contest.quantities import Quantity, collect
from kachisuji.contest.threshold_intervals import threshold_intervals
from kachisuji.contest.thresholds import Threshold, by_scope, verdicts, win_threshold
from kachisuji.contest.tipping import containment, learning_exponent, tipping_number

__all__ = [
    "ContestModel",
    "Doctrine",
    "Marginal",
    "Outcomes",
    "Quantity",
    "Rule",
    "Threshold",
    "build",
    "by_pair",
    "by_scope",
    "check_correlated",
    "collect",
    "containment",
    "correlated",
    "correlations",
    "doctrine",
    "enumerate_lines",
    "history",
    "learning_exponent",
    "marginal",
    "partners_say",
    "threshold_intervals",
    "tipping_number",
    "verdicts",
    "win_threshold",
]
