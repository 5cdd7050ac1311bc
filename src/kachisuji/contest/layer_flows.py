"""Money and data between the AI layers by region, the rents in them, and what meets an outlook.

The same accounts as ``contest.layers``, written as payments from one layer and region to another:
what a layer receives less what it pays is the value it adds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kachisuji.contest.layers import (
    BASE_YEAR,
    REGIONS,
    RIPE_YEAR,
    Course,
    Figures,
    made_at_home,
    on_the_fly,
    real_use,
    solve_for,
    terms,
)

if TYPE_CHECKING:
    import pandas as pd

    from kachisuji.contest.layers import F8

DRIVERS = (
    "growth", "receipts_growth", "home_drift", "entry_gain", "home_share", "model_outside",
    "application_outside", "compute_home_foreign", "rent_loss",
)  # fmt: skip
"""Figures asked, one at a time, for the value at which the balance meets an outlook."""


def circulation(p: Figures, course: Course, year: int = RIPE_YEAR) -> pd.DataFrame:
    """Return who pays whom in one year, means over the futures, money units.

    Users pay applications; applications pay for base models, compute and other inputs; home
    applications pay users for closed data. For every layer and region receipts less payments are
    the value added of ``layers.play_layers`` (a test).

    Returns
    -------
    DataFrame
        Columns ``payer``, ``payer_region``, ``payee``, ``payee_region``, ``kind`` (revenue or
        data) and ``value``; rows without money are left out.
    """
    import pandas as pd

    flows = _payments(p, _one_year(course, year), year)
    rows = [(*key, float(value.mean())) for key, value in flows.items()]
    columns = ["payer", "payer_region", "payee", "payee_region", "kind", "value"]
    table = pd.DataFrame(rows, columns=columns)
    return table[table["value"] > 0.0].reset_index(drop=True)


Key = tuple[str, str, str, str, str]


def _one_year(course: Course, year: int) -> Course:
    """Return the course in one year, (F, 1) each."""
    at = year - BASE_YEAR
    return Course(*(path if path.shape[1] == 1 else path[:, at : at + 1] for path in course))


def _at_home(p: Figures, course: Course) -> tuple[dict[str, F8], dict[str, F8]]:
    """Parts of compute and of base models made at home by side, (F,), of a course of one year."""
    every = np.ones((p["growth"].size, 1))
    found = {k: [np.asarray(v * every)[:, 0] for v in pair]
             for k, pair in made_at_home(p, course).items()}  # fmt: skip
    return {k: v[0] for k, v in found.items()}, {k: v[1] for k, v in found.items()}


def _payments(p: Figures, course: Course, year: int) -> dict[Key, F8]:
    """Payments by payer, payee and kind, (F,) each."""
    d = terms(p, course, on_the_fly(p, np.array([year])))
    real = real_use(p, np.array([year]))[:, 0]
    leader = p["leader_share"]
    away = {"leader": leader, "rest": 1.0 - leader}
    out: dict[Key, F8] = {}
    computed, modelled = _at_home(p, course)
    sides = {"home": (d.home, d.ours, modelled["domestic"], computed["domestic"])}
    for name, part in away.items():
        sides[name] = (
            (1.0 - d.home) * part[:, None], d.theirs, modelled["foreign"], computed["foreign"],
        )  # fmt: skip
    for region, (share, kept, made, near) in sides.items():
        use, keeps = share[:, 0] * real, kept[:, 0] * d.surplus[:, 0]
        price = use * (1.0 - keeps * d.loss[:, 0])
        out["user", "home", "application", region, "revenue"] = price
        out["application", region, "other_inputs", region, "revenue"] = use * (
            1.0 - d.surplus[:, 0]
        )
        below = use * (d.surplus[:, 0] - keeps)
        for layer, part, at_home in (
            ("compute", p["compute_part"], near),
            ("base_model", 1.0 - p["compute_part"], made),
        ):
            out["application", region, layer, "home", "revenue"] = below * part * at_home
            for name, abroad in away.items():
                out["application", region, layer, name, "revenue"] = (
                    below * part * (1.0 - at_home) * abroad
                )
    own = d.home[:, 0] * real * d.surplus[:, 0] * d.ours[:, 0] * (1.0 - d.loss[:, 0])
    out["application", "home", "user", "home", "data"] = p["data_rent"] * course.closed[:, 0] * own
    return out


def rents(p: Figures, course: Course, year: int = RIPE_YEAR) -> pd.DataFrame:
    """Split what each layer keeps into its outside option and a rent, one year, means.

    In the bargain each side gets its outside option and half of what is left,
    ``½(1 − d2 − d3)``: that half is the rent, which goes where the other side can be replaced; it
    is zero where outside options exhaust the surplus. Compute and base model share the rent of
    their side as they share its revenue. Software written on the fly takes from applications' rent
    first.

    Returns
    -------
    DataFrame
        Index layer and region; columns ``value``, ``outside``, ``rent``, money units. Closed data
        are inside the application's value here.
    """
    import pandas as pd

    one = _one_year(course, year)
    d = terms(p, one, on_the_fly(p, np.array([year])))
    real, leader = real_use(p, np.array([year]))[:, 0], p["leader_share"]
    computed, modelled = _at_home(p, one)
    total = {
        (layer, region): np.zeros((real.size, 2))
        for layer in ("compute", "base_model", "application")
        for region in REGIONS
    }
    sides = {
        "home": (d.home, d.ours, d.ours_outside, modelled["domestic"], computed["domestic"]),
        "away": (
            1.0 - d.home, d.theirs, d.theirs_outside, modelled["foreign"], computed["foreign"],
        ),
    }  # fmt: skip
    for side, (share, kept, outside, made, near) in sides.items():
        surplus = share[:, 0] * real * d.surplus[:, 0]
        half = np.maximum(0.0, 0.5 * (1.0 - p["model_outside"] - outside[:, 0]))
        ours = surplus * kept[:, 0] * (1.0 - d.loss[:, 0])
        rent = np.maximum(0.0, surplus * half - surplus * kept[:, 0] * d.loss[:, 0])
        rent = np.minimum(rent, ours)
        places = {"home": 1.0} if side == "home" else {"leader": leader, "rest": 1.0 - leader}
        for region, part in places.items():
            total["application", region] += np.column_stack([ours * part, rent * part])
        below, below_rent = surplus * (1.0 - kept[:, 0]), surplus * half
        for layer, part, at_home in (
            ("compute", p["compute_part"], near),
            ("base_model", 1.0 - p["compute_part"], made),
        ):
            pair = np.column_stack([below * part, np.minimum(below, below_rent) * part])
            total[layer, "home"] += pair * at_home[:, None]
            for region, abroad in (("leader", leader), ("rest", 1.0 - leader)):
                total[layer, region] += pair * ((1.0 - at_home) * abroad)[:, None]
    rows = {key: pair.mean(axis=0) for key, pair in total.items()}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["value", "rent"])
    table.index = pd.MultiIndex.from_tuples(rows, names=["layer", "region"])
    return table.assign(outside=table["value"] - table["rent"])[["value", "outside", "rent"]]


def meets(p: Figures, balance: float, year: int = RIPE_YEAR) -> pd.DataFrame:
    """For each driver alone, the value at which the median balance is ``balance``.

    Calibration and no validation: conditions under which an outlook would come about. A driver is
    moved only inside what the futures hold, all others keep theirs.

    Returns
    -------
    DataFrame
        Index symbol; ``low``, ``median``, ``high`` over the futures, ``value`` that meets the
        balance (NaN: none in that range does).
    """
    import pandas as pd

    rows = {}
    for name in DRIVERS:
        values = p[name]
        low, high = float(values.min()), float(values.max())
        found = solve_for(p, name, balance, year, low, high) if low < high else float("nan")
        rows[name] = (low, float(np.median(values)), high, found)
    columns = ["low", "median", "high", "value"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("symbol")
