"""Choosing: mixed-integer choice under budget, labour and risk; fronts; survival."""

from kachisuji.portfolios.backcasting import (
    Backcast,
    Goal,
    backcast,
    last_moments,
    milestones,
)
from kachisuji.portfolios.choosing import (
    Choice,
    Chooser,
    choose,
    score,
    score_many,
)
from kachisuji.portfolios.explaining import (
    Binding,
    Explained,
    Freedom,
    explain,
    freedom,
    limit_values,
    segment_losses,
)
from kachisuji.portfolios.frontier import Point, pareto_front
from kachisuji.portfolios.many import (
    Efficient,
    augmecon,
    conflict,
    exact_front,
    front_within,
    one_after_the_other,
)
from kachisuji.portfolios.objective import cvar, cvar_many, tail_weights
from kachisuji.portfolios.pool import best_portfolios, exact_best, single_steps
from kachisuji.portfolios.problem import (
    Pair,
    Problem,
    Risk,
    Rule,
    admissible,
    check_any_fits,
    fits_jointly,
    linked,
    sure_use,
)
from kachisuji.portfolios.rules import (
    at_least,
    at_most,
    balanced,
    carried_over,
    excludes,
    needs,
)
from kachisuji.portfolios.satisficing import choose_satisficing, likelier
from kachisuji.portfolios.sharing import least_core, nucleolus, shapley
from kachisuji.portfolios.signposts import (
    Signpost,
    best_trigger,
    most_useful,
    worth_of_switching,
)
from kachisuji.portfolios.survival import (
    GapInterval,
    Survival,
    gap_interval,
    survival,
)
from kachisuji.portfolios.waiting import Exercise, Route, act_or_wait, routes, sell_by
from kachisuji.portfolios.watching import History, Observation, Trigger, Update, watch

__all__ = [
    "Backcast",
    "Binding",
    "Choice",
    "Chooser",
    "Efficient",
    "Exercise",
    "Explained",
    "Freedom",
    "GapInterval",
    "Goal",
    "History",
    "Observation",
    "Pair",
    "Point",
    "Problem",
    "Risk",
    "Route",
    "Rule",
    "Signpost",
    "Survival",
    "Trigger",
    "Update",
    "act_or_wait",
    "admissible",
    "at_least",
    "at_most",
    "augmecon",
    "backcast",
    "balanced",
    "best_portfolios",
    "best_trigger",
    "carried_over",
    "check_any_fits",
    "choose",
    "choose_satisficing",
    "conflict",
    "cvar",
    "cvar_many",
    "exact_best",
    "exact_front",
    "excludes",
    "explain",
    "fits_jointly",
    "freedom",
    "front_within",
    "gap_interval",
    "last_moments",
    "least_core",
    "likelier",
    "limit_values",
    "linked",
    "milestones",
    "most_useful",
    "needs",
    "nucleolus",
    "one_after_the_other",
    "pareto_front",
    "routes",
    "score",
    "score_many",
    "segment_losses",
    "sell_by",
    "shapley",
    "single_steps",
    "sure_use",
    "survival",
    "tail_weights",
    "watch",
    "worth_of_switching",
]
