"""Where AI value goes: four layers, who keeps what, and the digital balance (equation 8).

Home users' spending is split among compute, base model, application and the user industry itself,
and among home, the leading region and the rest; what it buys besides is other inputs. Pure arrays
over futures (F) and years (T); figures come from the case's optional table ``layers.csv``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kachisuji.beliefs import triangular_ppf
from kachisuji.cases import layer_symbols
from kachisuji.words import InputError

if TYPE_CHECKING:
    import pandas as pd

    from kachisuji.cases import Case

F8 = NDArray[np.float64]
Figures = Mapping[str, F8]

LAYERS = ("compute", "base_model", "application", "user")
REGIONS = ("home", "leader", "rest")
COURSES = ("as_is", "no_domestic", "domestic", "industry_os")
BASE_YEAR, LAST_YEAR, RIPE_YEAR = 2024, 2040, 2035
"""The balance that is calibrated is that of 2024; courses reach their aim in 2035."""
YEARS = np.arange(BASE_YEAR, LAST_YEAR + 1)


NOTHING: F8 = np.zeros((1, 1))


class Course(NamedTuple):
    """What differs from one course to another, each (F, T)."""

    home_share: F8  # part of home users' spending that goes to home applications
    switching: F8  # part of home applications that can change their base model
    closed: F8  # part of home applications that rest on data others do not have
    sold_abroad: F8  # money units: receipts beyond the trend
    models: F8 = NOTHING  # part of base models under home applications brought home
    compute: F8 = NOTHING  # part of compute used abroad brought home, both sides


class Flows(NamedTuple):
    """What home users' spending becomes, money units of constant prices."""

    spending: F8  # (F, T) paid by home users
    value: F8  # (F, T, 4, 3) value added by layer and region
    inputs: F8  # (F, T, 3) other inputs by region
    receipts: F8  # (F, T) from users abroad
    balance: F8  # (F, T) receipts less what home users pay abroad
    productivity: F8  # (F, T) users' gain beyond what they pay, against 2024
    kept: F8  # (F, T) part of the joint surplus that home applications keep


def bargain(application_outside: F8, model_outside: F8) -> F8:
    """Part of the joint surplus that the application keeps, ``½(1 + d3 − d2)``.

    Nash (1950), The bargaining problem: equal division of what is left over both sides' outside
    options d3 and d2, as shares of the surplus. Where the two together exceed the surplus there is
    nothing to divide beyond them, and they are paid in proportion, which the formula's continuation
    ``d3/(d2 + d3)`` gives.

    Parameters
    ----------
    application_outside, model_outside
        d3 and d2, not negative, broadcast.
    """
    d3, d2 = np.asarray(application_outside), np.asarray(model_outside)
    total = d2 + d3
    beyond = np.divide(d3, total, out=np.full(total.shape, 0.5), where=total > 0.0)
    return np.asarray(np.where(total <= 1.0, 0.5 * (1.0 + d3 - d2), beyond))


def on_the_fly(p: Figures, years: NDArray[np.int64]) -> F8:
    """Return the part of applications that users have written on the spot, logistic, (F, T)."""
    middle, speed = p["fly_middle"][:, None], p["fly_speed"][:, None]
    odds = np.exp(speed * (years[None, :] - middle))
    at_base = np.exp(speed * (BASE_YEAR - middle))
    rise = odds / (1.0 + odds) - at_base / (1.0 + at_base)
    return np.asarray(p["fly_ceiling"][:, None] * np.maximum(rise, 0.0))


class Terms(NamedTuple):
    """What a unit of real use is divided by, each (F, T) or (F, 1)."""

    home: F8  # part of spending that goes to home applications
    surplus: F8  # joint surplus of application and base-model side
    ours: F8  # part of it that home applications keep
    theirs: F8  # part of it that foreign applications keep
    ours_outside: F8  # home applications' outside option d3
    theirs_outside: F8  # foreign applications' outside option
    loss: F8  # part of what applications keep that software on the fly competes away


def terms(p: Figures, course: Course, fly: F8) -> Terms:
    """Return how a unit of real use is divided in every future and year."""
    theirs_outside = p["application_outside"][:, None]
    ours_outside = (
        theirs_outside
        + p["switch_gain"][:, None] * course.switching
        + p["closed_gain"][:, None] * course.closed
    )
    model_outside = p["model_outside"][:, None]
    return Terms(
        course.home_share,
        1.0 - p["other_inputs"][:, None],
        bargain(ours_outside, model_outside),
        bargain(theirs_outside, model_outside),
        ours_outside,
        theirs_outside,
        fly * p["rent_loss"][:, None],
    )


def made_at_home(p: Figures, course: Course) -> dict[str, tuple[F8, F8]]:
    """Part of compute, and of base models, made at home under home and foreign applications.

    ``near + lift·(1 − near)`` with lift what lines bring home (zero without lines); nothing of base
    models is made at home under foreign applications. Each (F, T) or (F, 1).
    """

    def raised(symbol: str, lift: F8) -> F8:
        near = p[symbol][:, None]
        return np.asarray(np.clip(near + lift * (1.0 - near), 0.0, 1.0))

    models = raised("model_home", course.models)
    return {
        "domestic": (raised("compute_home_domestic", course.compute), models),
        "foreign": (raised("compute_home_foreign", course.compute), np.zeros((1, 1))),
    }


def _split(p: Figures, course: Course, fly: F8) -> tuple[F8, F8, F8, F8]:
    """Per unit of real use: value (F, T, 4, 3), other inputs (F, T, 3), price fall, kept."""
    home, surplus, ours, theirs, _, _, loss = terms(p, course, fly)
    rest = 1.0 - home
    value = np.zeros((*home.shape, len(LAYERS), len(REGIONS)))
    leader = p["leader_share"][:, None]
    abroad = np.zeros((*home.shape, 3))
    own = home * surplus * ours * (1.0 - loss)
    data = p["data_rent"][:, None] * course.closed * own
    value[..., 3, 0] = data
    value[..., 2, 0] = own - data
    abroad[..., 2] = rest * surplus * theirs * (1.0 - loss)
    below = {"domestic": home * surplus * (1.0 - ours), "foreign": rest * surplus * (1.0 - theirs)}
    part, at_home = p["compute_part"][:, None], made_at_home(p, course)
    for side, money in below.items():
        compute, model = part * money, (1.0 - part) * money
        near, made = at_home[side]
        value[..., 0, 0] += near * compute
        abroad[..., 0] += (1.0 - near) * compute
        value[..., 1, 0] += made * model
        abroad[..., 1] += (1.0 - made) * model
    value[..., :3, 1] = leader[..., None] * abroad
    value[..., :3, 2] = (1.0 - leader[..., None]) * abroad
    other = p["other_inputs"][:, None]
    inputs = np.stack([home * other, rest * other * leader, rest * other * (1.0 - leader)], axis=-1)
    fall = loss * surplus * (home * ours + rest * theirs)
    return value, inputs, fall, ours


def calibrated_use(p: Figures) -> F8:
    """(F,) home users' spending in 2024 that gives the balance of 2024 exactly.

    ``U = (receipts − balance)/k`` with k what leaves home for each unit of spending. This is
    calibration: one number set by one number, no evidence that the model is right.
    """
    start = course_as_is(p, np.array([BASE_YEAR]))
    value, inputs, _, _ = _split(p, start, np.zeros((p["growth"].size, 1)))
    leaves = value[..., 1:].sum(axis=(2, 3)) + inputs[..., 1:].sum(axis=2)
    return np.asarray((p["receipts"] + p["deficit"]) / leaves[:, 0])


def real_use(p: Figures, years: NDArray[np.int64] = YEARS, start: F8 | None = None) -> F8:
    """(F, T) home users' spending at the prices of 2024, from ``start`` (calibrated) on."""
    start = calibrated_use(p) if start is None else start
    return np.asarray(start[:, None] * (1.0 + p["growth"][:, None]) ** (years - BASE_YEAR)[None, :])


def towards(level: F8, aim: F8, by: F8) -> F8:
    """(F, T) a path raised by the part ``by`` of what it lacks of ``aim`` (F,); never lowered."""
    return np.asarray(level + by * np.maximum(0.0, aim[:, None] - level))


def play_layers(
    p: Figures, course: Course, years: NDArray[np.int64] = YEARS, use: F8 | None = None
) -> Flows:
    """Split home users' spending by layer and region, year by year.

    ``spending = Σ value added over layers and regions + Σ other inputs`` holds in every future and
    year (a property test). Software written on the fly competes away ``rent_loss`` of what
    applications keep where it is used, and users pay that much less.

    Parameters
    ----------
    p
        Figures by symbol, (F,) each (``figures``).
    course
        Paths of one course, (F, T).
    years
        (T,) calendar years.
    use
        (F,) spending of 2024; by default calibrated to the balance of 2024.

    Returns
    -------
    Flows
        In the money units of the case, constant prices.
    """
    start = calibrated_use(p) if use is None else use
    fly = on_the_fly(p, years)
    elapsed = (years - BASE_YEAR)[None, :]
    real = real_use(p, years, start)
    value, inputs, fall, kept = _split(p, course, fly)
    value, inputs = value * real[..., None, None], inputs * real[..., None]
    receipts = (
        p["receipts"][:, None] * (1.0 + p["receipts_growth"][:, None]) ** elapsed
        + course.sold_abroad
    )
    paid_abroad = value[..., 1:].sum(axis=(2, 3)) + inputs[..., 1:].sum(axis=2)
    fit = 1.0 + p["home_fit"][:, None] * course.home_share
    first = start[:, None] * (1.0 + p["home_fit"] * p["home_share"])[:, None]
    gain = p["user_gain"][:, None] * (real * fit - first) + real * fall
    spending = real * (1.0 - fall)
    return Flows(spending, value, inputs, receipts, receipts - paid_abroad, gain, kept)


def _ramp(years: NDArray[np.int64]) -> F8:
    """0 in the base year to 1 in 2035 and after, even steps."""
    return np.asarray(np.clip((years - BASE_YEAR) / (RIPE_YEAR - BASE_YEAR), 0.0, 1.0)[None, :])


def course_as_is(p: Figures, years: NDArray[np.int64] = YEARS) -> Course:
    """Home's application share drifts as it has; cheaper entry through software on the fly helps.

    ``h[t] = h0 + drift·(t − 2024) + entry_gain·fly[t]``, within 0 and 1.
    """
    elapsed = (years - BASE_YEAR)[None, :]
    share = p["home_share"][:, None] + p["home_drift"][:, None] * elapsed
    share = np.clip(share + p["entry_gain"][:, None] * on_the_fly(p, years), 0.0, 1.0)
    level = np.ones(years.size)[None, :]
    return Course(
        share, p["switching"][:, None] * level, p["closed"][:, None] * level, np.zeros(share.shape)
    )


def course_no_domestic(p: Figures, years: NDArray[np.int64] = YEARS) -> Course:
    """Home applications lose all their users by 2035, in even steps."""
    as_is = course_as_is(p, years)
    return as_is._replace(home_share=as_is.home_share * (1.0 - _ramp(years)))


def course_domestic(p: Figures, years: NDArray[np.int64] = YEARS) -> Course:
    """Home applications reach ``layer_target`` by 2035, free to switch and with closed data.

    A part ``abroad`` of what they win at home beyond the course as it is they sell abroad too.
    """
    as_is, ramp = course_as_is(p, years), _ramp(years)
    aim = np.maximum(as_is.home_share, p["layer_target"][:, None])
    share = as_is.home_share + ramp * (aim - as_is.home_share)
    return _with_aims(p, as_is, share, ramp, years)


def _with_aims(
    p: Figures, as_is: Course, share: F8, reached: F8, years: NDArray[np.int64]
) -> Course:
    """Raise switching and closed data to their aims as far as ``reached``, and sell abroad."""
    return Course(
        share,
        towards(as_is.switching, p["switching_aim"], reached),
        towards(as_is.closed, p["closed_aim"], reached),
        p["abroad"][:, None] * real_use(p, years) * (share - as_is.home_share),
    )


def entry_costs(p: Figures, fields: int) -> F8:
    """(F, n) cost of entering each field in turn: ``C·j^(−b)``, ``b = −log2(1 − reuse)``.

    Each doubling of the fields served cuts the cost of the next by ``reuse``: Wright's law read
    sideways, over fields and not over units.
    """
    exponent = -np.log2(1.0 - p["os_reuse"])[:, None]
    order = np.arange(1, fields + 1)[None, :]
    return np.asarray(p["os_entry_cost"][:, None] * order**-exponent)


def course_industry_os(
    p: Figures,
    yearly: float,
    years: NDArray[np.int64] = YEARS,
    *,
    start: int = 2026,
    fields: int = 10,
    most: int | None = None,
) -> Course:
    """Start in one hard field and expand sideways by reuse, on ``yearly`` money a year.

    Field j is entered once the money spent since ``start`` covers the costs of entry up to j; home
    applications then rise over ``os_years`` to ``os_hold`` of its spending. The fields share
    ``os_reach`` of all spending equally; at most ``most`` of them are entered (all, unless given).
    Switching and closed data rise with the fields entered.
    """
    as_is = course_as_is(p, years)
    spent = np.cumsum(entry_costs(p, fields), axis=1)
    when = start + spent / max(yearly, 1e-9)  # nothing spent: entered in no year that counts
    when[:, fields if most is None else most :] = np.inf
    since = years[None, None, :] - when[:, :, None]
    stage = np.clip(since / p["os_years"][:, None, None], 0.0, 1.0).mean(axis=1)
    room = np.maximum(0.0, p["os_hold"][:, None] - as_is.home_share)
    share = as_is.home_share + p["os_reach"][:, None] * stage * room
    return _with_aims(p, as_is, share, stage * p["os_reach"][:, None], years)


# --- the case's figures --------------------------------------------------------------------------


def figures(case: Case, draws: F8 | None = None) -> dict[str, F8]:
    """Figures of ``layers.csv`` in every future.

    Parameters
    ----------
    case
        A case with the optional table ``layers.csv``.
    draws
        (F, n) in the unit cube, a column for each row of the table in file order; without it one
        future of the most likely values.

    Raises
    ------
    InputError
        When the case has no such table, or the draws have another width.
    """
    if "layers" not in case.tables:
        raise InputError("contest.layers_missing", file=case.path / "layers.csv")
    table = case.tables["layers"]
    low, mode, high = (table[k].to_numpy(np.float64) for k in ("low", "mode", "high"))
    if draws is None:
        values = mode[None, :]
    elif draws.ndim != 2 or draws.shape[1] != len(table):
        raise InputError("contest.layers_draws", got=str(draws.shape), want=len(table))
    else:
        values = triangular_ppf(draws, low, mode, high)
    found = {str(name): values[:, j] for j, name in enumerate(table["symbol"])}
    for s in layer_symbols():
        if s.default is not None and s.symbol not in found:
            found[s.symbol] = np.full(len(values), s.default[1])
    return found


def layer_draws(case: Case, futures: int, seed: int = 0) -> F8:
    """Draws for ``figures``, (futures, rows of layers.csv)."""
    if "layers" not in case.tables:
        raise InputError("contest.layers_missing", file=case.path / "layers.csv")
    rng = np.random.default_rng(seed)
    return rng.random((futures, len(case.tables["layers"])))


def courses(p: Figures, yearly: float, years: NDArray[np.int64] = YEARS) -> dict[str, Course]:
    """Return the four courses by name (``COURSES``); ``yearly`` is spent on the industry OS."""
    return {
        "as_is": course_as_is(p, years),
        "no_domestic": course_no_domestic(p, years),
        "domestic": course_domestic(p, years),
        "industry_os": course_industry_os(p, yearly, years),
    }


def balances(p: Figures, yearly: float) -> pd.DataFrame:
    """Digital balance by course and year: quantiles 0.1, 0.5, 0.9 over the futures."""
    import pandas as pd

    parts = []
    for name, course in courses(p, yearly).items():
        q = np.quantile(play_layers(p, course).balance, (0.1, 0.5, 0.9), axis=0)
        parts.append(
            pd.DataFrame({"course": name, "year": YEARS, "low": q[0], "median": q[1], "high": q[2]})
        )
    return pd.concat(parts, ignore_index=True)


def value_kept(p: Figures, yearly: float, year: int = RIPE_YEAR) -> pd.DataFrame:
    """Mean value added by course, layer and region in one year, with other inputs as a layer.

    Columns ``course``, ``layer``, ``region``, ``value``, ``share`` of home users' spending; the
    shares of a course add up to one.
    """
    import pandas as pd

    t = year - BASE_YEAR
    rows = []
    for name, course in courses(p, yearly).items():
        flows = play_layers(p, course)
        every = np.concatenate([flows.value[:, t], flows.inputs[:, t, None, :]], axis=1)
        mean, total = every.mean(axis=0), flows.spending[:, t].mean()
        for i, layer in enumerate((*LAYERS, "other_inputs")):
            for j, region in enumerate(REGIONS):
                rows.append((name, layer, region, mean[i, j], mean[i, j] / total))
    return pd.DataFrame(rows, columns=["course", "layer", "region", "value", "share"])


def compare(p: Figures, yearly: float, year: int = RIPE_YEAR) -> pd.DataFrame:
    """Medians over the futures by course in one year, money units.

    Columns ``balance``, ``spending``, ``home_value`` (value added and inputs that stay, without
    receipts), ``application_home``, ``productivity``, ``home_share``, ``kept``.
    """
    import pandas as pd

    t, rows = year - BASE_YEAR, {}
    for name, course in courses(p, yearly).items():
        f = play_layers(p, course)
        stays = f.value[:, t, :, 0].sum(axis=1) + f.inputs[:, t, 0]
        each = {
            "balance": f.balance[:, t], "spending": f.spending[:, t], "home_value": stays,
            "application_home": f.value[:, t, 2, 0], "productivity": f.productivity[:, t],
            "home_share": course.home_share[:, t], "kept": f.kept[:, t],
        }  # fmt: skip
        rows[name] = {k: float(np.median(v)) for k, v in each.items()}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("course")


def solve_for(p: Figures, symbol: str, balance: float, year: int, low: float, high: float) -> float:
    """Value of one figure for which the median balance as things go is ``balance`` in ``year``.

    The figure is set to the same value in every future, the others keep theirs, and 2024 stays
    calibrated. NaN where no value between ``low`` and ``high`` does it.
    """
    from scipy.optimize import brentq

    if symbol not in p:
        raise InputError("contest.layers_symbol", got=symbol, known=", ".join(p))

    def miss(value: float) -> float:
        q = {**p, symbol: np.full_like(p[symbol], value)}
        flows = play_layers(q, course_as_is(q))
        return float(np.median(flows.balance[:, year - BASE_YEAR])) - balance

    if miss(low) * miss(high) > 0.0:
        return float("nan")
    return float(brentq(miss, low, high, xtol=1e-6))


def near(p: Figures, balance: float, year: int = RIPE_YEAR, tolerance: float = 0.1) -> pd.DataFrame:
    """Which figures the futures share whose balance comes near a published one.

    Returns
    -------
    DataFrame
        Index symbol; ``all`` and ``near`` medians, ``shift`` in standard deviations of all futures,
        largest first; ``futures`` how many came within ``tolerance`` of ``balance`` (relative).
    """
    import pandas as pd

    got = play_layers(p, course_as_is(p)).balance[:, year - BASE_YEAR]
    close = np.abs(got / balance - 1.0) <= tolerance
    rows = []
    for name, values in p.items():
        spread = float(values.std())
        if spread == 0.0 or not close.any():
            continue
        middle, there = float(np.median(values)), float(np.median(values[close]))
        shift = (values[close].mean() - values.mean()) / spread
        rows.append((name, middle, there, shift, int(close.sum())))
    table = pd.DataFrame(rows, columns=["symbol", "all", "near", "shift", "futures"])
    return table.set_index("symbol").sort_values("shift", key=np.abs, ascending=False)


def industry_os_needs(
    p: Figures,
    balance: float,
    *,
    yearly: float = 100.0,
    year: int = RIPE_YEAR,
    fields: int = 10,
    most: float = 5000.0,
) -> pd.DataFrame:
    """Find what the industry OS needs to bring the median balance of ``year`` to ``balance``.

    Returns
    -------
    DataFrame
        One row for each of several rates of ``reuse``: ``fields`` entered by then on ``yearly``
        money a year (median) and the ``balance`` that gives; ``least`` money a year that reaches
        the aim (NaN: not even ``most`` does) and ``at_most``, the balance on ``most``; ``reach``,
        the least part of home spending the fields must cover for ``yearly`` to do (NaN: not even
        all of it).
    """
    import pandas as pd

    t, first, rows = year - BASE_YEAR, 2026, []
    for reuse in (0.0, 0.1, 0.2, 0.3, 0.45):
        q = {**p, "os_reuse": np.full_like(p["os_reuse"], reuse)}

        def on(money: float, q: Figures = q) -> float:
            flows = play_layers(q, course_industry_os(q, money, fields=fields, start=first))
            return float(np.median(flows.balance[:, t]))

        def over(reach: float, q: Figures = q) -> float:
            wide = {**q, "os_reach": np.full_like(q["os_reach"], reach)}
            flows = play_layers(wide, course_industry_os(wide, yearly, fields=fields, start=first))
            return float(np.median(flows.balance[:, t]))

        entered = np.cumsum(entry_costs(q, fields), axis=1) <= yearly * (year - first)
        count = float(np.median(entered.sum(axis=1)))
        least, reach = _least(on, balance, most), _least(over, balance, 1.0)
        rows.append((reuse, count, on(yearly), least, on(most), reach))
    columns = ["reuse", "fields", "balance", "least", "at_most", "reach"]
    return pd.DataFrame(rows, columns=columns)


def _least(gives: Callable[[float], float], wanted: float, most: float) -> float:
    """Least argument up to ``most`` at which a rising function gives ``wanted``; NaN for none."""
    if gives(most) < wanted:
        return float("nan")
    low, high = 0.0, most
    for _ in range(20):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if gives(middle) >= wanted else (middle, high)
    return high
