"""Which quantities move an outcome, and what it would be worth to know them.

Sobol' and Morris indices come from SALib; delta and the value of information are computed here
from futures that were played anyway.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kachisuji.ensembles.designs import generator, numbers, whole_number
from kachisuji.words import InputError

if TYPE_CHECKING:
    import pandas as pd

F8 = NDArray[np.float64]


def _problem(names: Sequence[str]) -> dict[str, Any]:
    if not names or len(set(names)) < len(names):
        raise InputError("ensembles.bad_names", names=", ".join(map(str, names)))
    return {"num_vars": len(names), "names": list(names), "bounds": [[0.0, 1.0]] * len(names)}


def _whole(seed: int) -> int:
    """Return an integer seed for a library, from the one seed path."""
    return int(generator(seed, "sensitivity").integers(2**31))


def _power(n: int) -> None:
    if not whole_number(n, 1):
        raise InputError("ensembles.bad_setting", name="n", got=n, least=2)
    if n < 2 or n & (n - 1):
        below = 1 << max(1, n.bit_length() - 1)
        raise InputError("ensembles.not_power_of_two", n=n, below=below, above=2 * below)


def sobol_design(n: int, names: Sequence[str], seed: int) -> F8:
    """Return points for ``sobol_indices``: n·(D + 2) rows.

    Saltelli's extension of a Sobol sequence without second-order blocks.

    Parameters
    ----------
    n
        Power of two.
    names
        Of the D quantities.
    seed
        On the one seed path.

    Returns
    -------
    ndarray
        (n·(D + 2), D) in the unit cube.

    Raises
    ------
    InputError
        If ``n`` is no power of two, or names are missing or given twice.
    """
    from SALib.sample import sobol

    problem = _problem(names)
    _power(n)
    return np.asarray(sobol.sample(problem, n, calc_second_order=False, seed=_whole(seed)))


def sobol_indices(y: ArrayLike, names: Sequence[str], seed: int = 0) -> pd.DataFrame:
    """First-order and total Sobol indices with 95 % intervals.

    ``S1_j = Var(E[Y | u_j]) / Var Y``, ``ST_j = E[Var(Y | u_-j)] / Var Y``. Sources: Sobol' (2001),
    Mathematics and Computers in Simulation 55; Saltelli et al. (2010), Computer Physics
    Communications 181.

    Parameters
    ----------
    y
        (n·(D + 2),) outcome at the rows of ``sobol_design``.
    names
        Of the D quantities.
    seed
        Of the bootstrap behind the intervals.

    Returns
    -------
    DataFrame
        name, s1, s1_interval, st, st_interval (half widths), largest total first.

    Raises
    ------
    InputError
        If the length is not that of a design of ``sobol_design``, or the outcome does not vary.
    """
    import pandas as pd
    from SALib.analyze import sobol

    problem, values = _problem(names), _varying(y)
    points, over = divmod(values.size, len(names) + 2)
    if over or points < 2 or points & (points - 1):
        raise InputError("ensembles.indices_length", got=values.size, each=len(names) + 2)
    found = sobol.analyze(problem, values, calc_second_order=False, seed=_whole(seed))
    table = pd.DataFrame(
        {
            "name": list(names),
            "s1": found["S1"],
            "s1_interval": found["S1_conf"],
            "st": found["ST"],
            "st_interval": found["ST_conf"],
        }
    )
    return table.sort_values("st", ascending=False, kind="stable", ignore_index=True)


def morris_design(trajectories: int, names: Sequence[str], seed: int, levels: int = 4) -> F8:
    """Return points for ``morris_effects``: trajectories·(D + 1) rows (Morris 1991).

    Parameters
    ----------
    trajectories
        Ways through the cube, at least two: one alone has no spread.
    names
        Of the D quantities.
    seed
        On the one seed path.
    levels
        Of the grid, an even number: only then are all of them visited equally often.

    Raises
    ------
    InputError
        If numbers are too small, ``levels`` is odd, or names are missing or given twice.
    """
    from SALib.sample import morris

    problem = _problem(names)
    _at_least("trajectories", trajectories, 2)
    _even(levels)
    return np.asarray(morris.sample(problem, trajectories, num_levels=levels, seed=_whole(seed)))


def _even(levels: int) -> None:
    if not whole_number(levels, 2) or levels % 2:
        raise InputError("ensembles.bad_grid", got=levels)


def _at_least(name: str, value: Any, least: int) -> None:
    if not whole_number(value, least):
        raise InputError("ensembles.bad_setting", name=name, got=value, least=least)


def morris_effects(
    x: F8, y: ArrayLike, names: Sequence[str], seed: int = 0, levels: int = 4
) -> pd.DataFrame:
    """Elementary effects: mean size, mean, spread (Morris 1991; Campolongo et al. 2007).

    Returns
    -------
    DataFrame
        name, mu_star, mu_star_interval, mu, sigma, largest mean size first.

    Raises
    ------
    InputError
        If ``x`` is not a design of ``morris_design`` for these names and levels, if there is not
        one outcome for each of its rows, or if the outcome does not vary.
    """
    import pandas as pd
    from SALib.analyze import morris

    problem, cube, values = _problem(names), numbers("x", x), _varying(y)
    _even(levels)
    if not _trajectories(cube, values.size, len(names), levels):
        raise InputError(
            "ensembles.morris_shape", x=cube.shape, y=values.shape, each=len(names) + 1
        )
    found = morris.analyze(problem, cube, values, num_levels=levels, seed=_whole(seed))
    table = pd.DataFrame(
        {
            "name": list(names),
            "mu_star": np.asarray(found["mu_star"], dtype=np.float64),
            "mu_star_interval": np.asarray(found["mu_star_conf"], dtype=np.float64),
            "mu": np.asarray(found["mu"], dtype=np.float64),
            "sigma": np.asarray(found["sigma"], dtype=np.float64),
        }
    )
    return table.sort_values("mu_star", ascending=False, kind="stable", ignore_index=True)


def _trajectories(cube: F8, rows: int, d: int, levels: int) -> bool:
    """Whether the points go through the cube one quantity at a time, each by the step of Morris."""
    if cube.shape != (rows, d) or rows % (d + 1):
        return False
    steps = np.abs(np.diff(cube.reshape(-1, d + 1, d), axis=1))
    step = levels / (2.0 * (levels - 1))
    moved = steps > step / 2
    once = (moved.sum(axis=(1, 2)) == d).all() and moved.any(axis=1).all()
    return bool(once and np.allclose(steps, moved * step))


def delta_indices(
    x: ArrayLike, y: ArrayLike, names: Sequence[str], seed: int = 0, *, shuffles: int = 20
) -> pd.DataFrame:
    """Delta: how far knowing a quantity moves the whole distribution of the outcome.

    ``δ_j = ½ E[∫ |f_Y − f_{Y|u_j}|]``, from any design, so also from futures already played:
    futures are put into classes by the rank of ``u_j``, and in each the histogram of the outcome
    (bins with equal numbers of futures) is held against that of all. Small classes differ by chance
    alone: what shuffled quantities reach stands beside the index, and an index below it says
    nothing. Sources: Borgonovo (2007), Reliability Engineering and
    System Safety 92; Plischke, Borgonovo and Smith (2013), European Journal of Operational
    Research 226.

    Parameters
    ----------
    x
        (F, D) quantities.
    y
        (F,) outcome.
    names
        Of the quantities.
    seed, shuffles
        Of the estimate of chance.

    Returns
    -------
    DataFrame
        name, delta, chance (95 % of shuffles stay below it), largest delta first.

    Raises
    ------
    InputError
        If shapes differ, values are missing, the outcome does not vary, or there is no shuffle.
    """
    import pandas as pd

    _at_least("shuffles", shuffles, 1)

    cube, values = numbers("x", x), _varying(y)
    if cube.ndim != 2 or cube.shape != (values.size, len(names)):
        raise InputError("ensembles.discovery_shape", x=cube.shape, y=values.shape)
    classes = int(np.clip(round(values.size ** (1 / 3)), 2, 30))
    bins = _classes(values, classes)
    rng = generator(seed, "sensitivity", 2)
    chance = np.array(
        [_shift(_classes(rng.random(values.size), classes), bins, classes) for _ in range(shuffles)]
    )
    told = np.array([_shift(_classes(u, classes), bins, classes) for u in cube.T])
    limit = float(np.quantile(chance, 0.95))
    table = pd.DataFrame({"name": list(names), "delta": told, "chance": limit})
    return table.sort_values("delta", ascending=False, kind="stable", ignore_index=True)


def _classes(values: F8, count: int) -> NDArray[np.int64]:
    """Class of each value by rank; equal values share one."""
    from scipy.stats import rankdata

    place = (rankdata(values, "average") - 0.5) / values.size
    return np.minimum((place * count).astype(np.int64), count - 1)


def _shift(groups: NDArray[np.int64], bins: NDArray[np.int64], count: int) -> float:
    """Half the mean distance between the histogram inside a class and that of all."""
    table = np.bincount(groups * count + bins, minlength=count * count).reshape(count, count)
    whole = table.sum(axis=0) / table.sum()
    sizes = table.sum(axis=1)
    inside = table / np.maximum(sizes, 1)[:, None]
    return float((0.5 * np.abs(inside - whole).sum(axis=1) * sizes).sum() / sizes.sum())


def _varying(y: ArrayLike) -> F8:
    values = numbers("y", y)
    if values.ndim != 1 or not np.isfinite(values).all():
        raise InputError("ensembles.discovery_holes")
    if not np.ptp(values) > 0:
        raise InputError("ensembles.no_spread")
    return values


def value_of_information(
    totals: ArrayLike, draws: ArrayLike, names: Sequence[str], *, pieces: int = 4, folds: int = 8
) -> pd.DataFrame:
    """Return what knowing a quantity before choosing would be worth, in the unit of ``totals``.

    ``VOI_j = E[max_n E[V_n | u_j]] − max_n E[V_n]`` over the alternatives n (portfolios, doing
    nothing among them). The inner mean is a regression of each alternative's lead over the best one
    on a cubic spline of ``u_j``; who is best is decided on the folds left out and valued on the
    fold itself, so that noise in the regression earns nothing (it may even come out slightly below
    zero, and is then shown as zero). ``all`` is the value of knowing everything,
    ``E[max_n V_n] − max_n E[V_n]``.

    Sources: Raiffa and Schlaifer (1961), *Applied Statistical Decision Theory*; Strong, Oakley and
    Brennan (2014), Medical Decision Making 34, for the regression.

    Parameters
    ----------
    totals
        (N, F) value of each alternative in each future.
    draws
        (F, D) the futures.
    names
        Of the D quantities.
    pieces
        Pieces of the spline.
    folds
        For who is best.

    Returns
    -------
    DataFrame
        name, value, share (of ``all``), largest first; ``all`` is ``table.attrs["all"]``.

    Raises
    ------
    InputError
        If shapes differ, values are missing, there is nothing to choose between, or a number of
        pieces or folds makes no sense.
    """
    import pandas as pd

    _at_least("pieces", pieces, 1)
    _at_least("folds", folds, 2)

    values, cube = numbers("totals", totals), numbers("draws", draws)
    if values.ndim != 2 or cube.ndim != 2 or values.shape[1] != cube.shape[0]:
        raise InputError("ensembles.discovery_shape", x=cube.shape, y=values.shape)
    if len(names) != cube.shape[1]:
        raise InputError("ensembles.discovery_shape", x=cube.shape, y=(len(names),))
    if not (np.isfinite(values).all() and np.isfinite(cube).all()):
        raise InputError("ensembles.discovery_holes")
    if len(values) < 2:
        raise InputError("ensembles.one_alternative", got=len(values))
    best = int(values.mean(axis=1).argmax())
    lead = values - values[best]
    everything = float(lead.max(axis=0).mean())
    known = np.array([_known(lead, cube[:, j], pieces, folds) for j in range(cube.shape[1])])
    table = pd.DataFrame(
        {
            "name": list(names),
            "value": known,
            "share": known / everything if everything > 0 else np.zeros_like(known),
        }
    ).sort_values("value", ascending=False, kind="stable", ignore_index=True)
    table.attrs["all"] = everything
    return table


def _known(lead: F8, u: F8, pieces: int, folds: int) -> float:
    """Mean lead gained by choosing with ``u`` known, each fold by the regression on the others."""
    basis = spline(u, pieces)
    # at random: a stride through a Sobol sequence would take out a whole slice of a quantity
    fold = generator(0, "sensitivity", 1).permutation(u.size) % max(2, min(folds, u.size // 8))
    gained = 0.0
    for k in range(int(fold.max()) + 1):
        out = fold == k
        weights, *_ = np.linalg.lstsq(basis[~out], lead[:, ~out].T, rcond=None)
        chosen = (basis[out] @ weights).argmax(axis=1)
        gained += float(lead[chosen, np.flatnonzero(out)].sum())
    return max(0.0, gained / u.size)


def spline(u: F8, pieces: int) -> F8:
    """(F, 3 + pieces) cubic spline with knots at even quantiles: powers and cut powers of u."""
    spread = float(np.ptp(u))
    z = (u - u.min()) / spread if spread > 0 else np.zeros_like(u)
    knots = np.quantile(z, np.arange(1, pieces) / pieces)
    columns = [np.ones_like(z), z, z**2, z**3, *(np.maximum(0.0, z - k) ** 3 for k in knots)]
    return np.column_stack(columns)
