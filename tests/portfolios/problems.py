"""Problems of choice made for tests and benchmarks."""

import itertools

import numpy as np

from kachisuji.portfolios import Problem, Risk, score_many


def make_problem(
    seed=0, lines=8, futures=16, segments=4, fields=3, items=2, years=3, max_fields=2, room=0.5,
    risk=None,
):  # fmt: skip
    """Draw a problem whose limits bind; field 0 (uncounted) appears among the fields."""
    rng = np.random.default_rng(seed)
    segment = rng.integers(0, segments, lines)
    field = segment % (fields + 1)
    value = rng.normal(rng.normal(1.0, 2.0, lines)[:, None], 2.0, (lines, futures))
    use = rng.gamma(2.0, 1.0, (lines, items, years))
    return Problem(
        value=value,
        segment=segment,
        field=field,
        use=use,
        sure=use * 1.2,
        limits=np.maximum(use.sum(axis=0) * room, use.min(axis=0) * 1.3),
        items=tuple(f"item{k}" for k in range(items)),
        years=tuple(range(2026, 2026 + years)),
        max_fields=max_fields,
        eligible=rng.random(lines) > 0.1,
        power=rng.normal(0.0, 1.0, lines),
        risk=risk or Risk(),
    )


def enumerate_all(problem):
    """Every portfolio that keeps the limits, as arrays of rows."""
    rows = np.flatnonzero(problem.eligible)
    for size in range(rows.size + 1):
        for chosen in itertools.combinations(rows, size):
            lines = np.array(chosen, dtype=np.int64)
            if problem.fits(lines):
                yield lines


def best_by_enumeration(problem, best=None):
    """Objective of the best portfolio, by looking at all of them."""
    feasible = list(enumerate_all(problem))
    totals = np.array([problem.value[c].sum(axis=0) for c in feasible])
    return float(score_many(problem, totals, best).max())


def national(seed=0, lines=5000, futures=256, segments=56, fields=17, skills=4, years=15):
    """A problem of national size, with the shape of outcomes that the contest gives."""
    rng = np.random.default_rng(seed)
    segment = np.sort(rng.integers(0, segments, lines))
    common = rng.normal(0, 1, (segments, futures))
    size = rng.lognormal(4, 1.5, segments)[segment]
    effort = rng.choice([0.3, 1.0, 2.0], lines)
    mean = rng.normal(-0.1, 0.5, lines) * size * effort
    value = mean[:, None] + size[:, None] * effort[:, None] * (
        0.6 * common[segment] + 0.2 * rng.normal(0, 1, (lines, futures))
    )
    use = rng.gamma(2.0, 1.0, (lines, 1 + skills, 1)) * (size * effort)[:, None, None]
    use = use * rng.uniform(0.5, 1.5, (lines, 1 + skills, years))
    limits = np.repeat(use.mean(axis=(0, 2))[:, None] * segments * 0.25, years, axis=1)
    return Problem(
        value=value, segment=segment, field=1 + segment % fields, use=use, sure=use * 1.15,
        limits=limits, items=("money", "researcher", "digital", "craft", "general"),
        years=tuple(range(2026, 2026 + years)), max_fields=8,
        eligible=rng.random(lines) > 0.2, power=rng.normal(0, 1, lines) * 0.01,
    )  # fmt: skip


STARTS, STRENGTHS = np.array([0, 3, 6]), np.array([0.3, 1.0, 2.0])


def country(
    seed=0, lines=20_000, futures=500, segments=60, fields=17, skills=1, years=15, max_fields=12
):
    """A problem as a case makes one: segment x package x start (three) x strength (three).

    Money runs for eight years from the start, labour ramps up over three, strength has diminishing
    returns, futures share luck by segment, and a quarter of what firms spend themselves is there.
    """
    rng = np.random.default_rng(seed)
    each = lines // segments
    segment, place = np.repeat(np.arange(segments), each), np.tile(np.arange(each), segments)
    plans = max(1, each // 9)
    plan = np.minimum(place // 9, plans - 1)
    start, strength = STARTS[(place // 3) % 3], STRENGTHS[place % 3]
    own = rng.lognormal(4.0, 1.0, segments)[segment]  # yearly spending of home firms
    cost = rng.uniform(0.6, 1.4, (segments, plans))[segment, plan]
    work = rng.lognormal(0.0, 0.5, (segments, plans, skills))[segment, plan]
    merit = rng.normal(0.2, 0.8, segments)[segment] + rng.normal(0, 0.5, (segments, plans))[
        segment, plan]  # fmt: skip
    luck = 0.5 * rng.normal(size=(segments, futures)) + 0.3 * rng.normal(size=(1, futures))
    fortune = 0.2 * rng.normal(size=(segments, plans, futures))[segment, plan]
    reach = own * 6 * (1 - np.exp(-0.9 * strength)) * (years - start) / years
    spent = own * strength * cost
    value = reach[:, None] * (merit[:, None] + luck[segment] + fortune) - 3 * spent[:, None]
    since = np.arange(years)[None, :] - start[:, None]
    money = spent[:, None] * ((since >= 0) & (since < 8))
    labour = np.clip((since + 1) / 3, 0, 1)[:, None, :] * (0.05 * (own * strength)[:, None] * work)[
        :, :, None]  # fmt: skip
    use = np.concatenate([money[:, None, :], labour], axis=1)
    sure = use * np.array([1.0] + [1.25] * skills)[None, :, None]
    total = own[place == 0].sum() * (1 + 0.02 * np.arange(years))
    return Problem(
        value=value, segment=segment, field=1 + segment % fields, use=use, sure=sure,
        limits=np.stack([0.25 * total] + [0.015 * total] * skills),
        items=("money", *(f"skill{k}" for k in range(skills))),
        years=tuple(range(2026, 2026 + years)), max_fields=max_fields,
        eligible=np.ones(segment.size, dtype=bool),
        power=rng.exponential(size=segment.size) * strength,
    )  # fmt: skip
