"""What a package does year by year, and what that comes to before a line is played."""

from __future__ import annotations

from kachisuji.contest.compiled import borrowed, inlined
from kachisuji.contest.elementary import log
from kachisuji.contest.lifecycle import EPSILON_T
from kachisuji.contest.path import FASTER, LN2, OURS, PAIRED, THEIRS, trade_factors
from kachisuji.contest.symbols import (
    ADMINISTRATION,
    ALPHA,
    FIXED_PART,
    LEARNING_RATE,
    LEVER_COMMITMENT,
    LEVER_COST,
    LEVER_LEARNING_RATE,
    LEVER_POOLING,
    LEVER_PROCUREMENT,
    LEVER_QUALITY,
    LEVER_SITE,
    N_LEVERS,
    NICHE_FIXED,
    SCALE,
    SITE_MAINTENANCE,
    SITE_PART,
    SITE_QUALITY,
    SITE_SAVING,
    TRUST,
    VISION_TALENT,
    WITHDRAWAL,
)
from kachisuji.contest.world import (
    AFTER_END,
    CLAWBACK,
    CREDIBLE,
    END,
    FIRMS,
    FIXED,
    LEAD,
    LEVERAGE,
    ODDS,
    PARTS,
    PURCHASES,
    RUNNING,
    SHUT,
    START,
    STATE_COST,
    STOPPED,
    SUNSET,
    TAKE,
    TO_CAPABILITY,
    TRANCHES,
    WINDFALL,
    WITHDRAWABLE,
)

TRUST_KEPT = 2.0 / 3.0
"""Part of a lack of trust that is left a year later: contracts last about three years."""


@inlined
def set_terms(world, f, package, share, scale, w):
    """Windfall and leverage weighted by money, firms' yearly cost, the odds of retaliation.

    ``scale`` is intensity times home firms' own spending: what an instrument costs firms does not
    depend on the money that others in the package spend.
    """
    windfall, ell, firms, calm = 0.0, 0.0, 0.0, 1.0
    for k in range(world.packages.shape[1]):
        i = world.packages[package, k]
        if i < 0:
            break
        windfall += world.money_share[i] * world.money[i, f, 0]
        ell += world.money_share[i] * world.money[i, f, 1]
        firms += world.firm_cost[i]
        calm *= 1.0 - world.money[i, f, 2]
    w.terms[WINDFALL] = windfall / share if share > 0.0 else 0.0
    w.terms[LEVERAGE] = ell / share if share > 0.0 else 0.0
    w.terms[FIRMS] = firms * scale
    w.terms[ODDS] = 1.0 - calm


@inlined
def set_rules(world, arena, f, package, start, w):
    """How the line is guarded, what covering its scope costs, and how far firms believe in it.

    Money that depends on a review, can be taken back, or stands under announced triggers commits
    the state less, and firms follow less.
    """
    rules, symbols = world.rules[package], world.symbols[arena, f]
    w.terms[PARTS], w.terms[TAKE] = rules[TRANCHES], rules[CLAWBACK]
    loose = max(rules[WITHDRAWABLE], rules[CLAWBACK])
    if rules[TRANCHES] > 1.0:
        loose = 1.0
    w.terms[CREDIBLE] = 1.0 - world.cross[f, WITHDRAWAL] * loose
    w.terms[FIXED] = symbols[FIXED_PART] * symbols[SCALE] * symbols[NICHE_FIXED]
    w.terms[START], w.terms[END] = start, start + world.spend_years
    w.terms[LEAD], w.terms[STOPPED] = 0.0, 0.0


@borrowed
def set_levers(world, arena, f, package, start, intensity, w):
    """Fill the lever and money paths of a package started in year ``start``.

    An effect begins ``delay`` years after the start, lasts ``duration`` years and is proportional
    to intensity up to one. Public money runs ``spend_years`` from the start, in multiples of what
    home firms spend themselves. Where no law ends it, it may go on for ``late`` years; firms count
    on it by then, and it builds nothing.
    """
    w.lever[:] = 0.0
    w.money[:] = 0.0
    years = w.lever.shape[1]
    own = world.rivals[arena, f, world.home, 0]
    share = 0.0
    for k in range(world.packages.shape[1]):
        i = world.packages[package, k]
        if i < 0:
            break
        share += world.money_share[i]
        begins = start + world.delay[i]
        for j in range(N_LEVERS):
            if world.effect[i, f, j] != 0.0:
                for t in range(max(1, begins), min(years, begins + world.duration[i])):
                    w.lever[j, t] += world.effect[i, f, j] * min(1.0, intensity)
    running = intensity * own * world.cross[f, ADMINISTRATION]
    end = start + world.spend_years
    for t in range(start, min(years, end)):
        w.money[TO_CAPABILITY, t] = intensity * own * share
        w.money[PURCHASES, t] = own * w.lever[LEVER_PROCUREMENT, t]
        w.money[RUNNING, t] = running
        w.money[STATE_COST, t] = w.money[TO_CAPABILITY, t] + w.money[PURCHASES, t] + running
    late = world.late[arena // 2, f] if world.rules[package, SUNSET] == 0.0 else 0
    for t in range(end, min(years, end + late)):
        w.money[AFTER_END, t] = intensity * own * share
        w.money[RUNNING, t] = running
        w.money[STATE_COST, t] = w.money[AFTER_END, t] + running
    set_terms(world, f, package, share, intensity * own, w)
    set_rules(world, arena, f, package, start, w)


@borrowed
def foresee(first, scene, w, shut, start):
    """Fill the plan of the years from ``first`` on: what levers do that no path can change.

    Done once a line and not once a year; a review that ends the line does it again.
    """
    w.terms[SHUT] = shut
    season, lever, plan = scene.season, w.lever, w.plan
    trade_factors(
        first, start, season, lever, scene.cross, scene.target, scene.home_market, shut,
        scene.closed, scene.tax, plan, w.reach,
    )  # fmt: skip
    pull = scene.cross[VISION_TALENT] * w.terms[CREDIBLE]
    for t in range(first, plan.shape[1]):
        ours = lever[LEVER_QUALITY, t] + pull * lever[LEVER_COMMITMENT, t]
        plan[OURS, t] = ours - season[t, EPSILON_T] * (scene.slide * t - lever[LEVER_COST, t])
    for t in range(first, plan.shape[1]):
        more = lever[LEVER_LEARNING_RATE, t]
        exponent = -log(1.0 - min(0.9, scene.symbols[LEARNING_RATE] + more)) / LN2
        plan[FASTER, t] = exponent - scene.base if more != 0.0 else 0.0


@borrowed
def foresee_partner(first, scene, w, start):
    """Fill what a partner adds: pooled tasks, as far as trust has grown, and a site for suppliers.

    The site of second- and third-tier suppliers is cheaper, less good, and in need of inspection.
    """
    alpha, saved = scene.symbols[ALPHA], w.deal[SITE_SAVING] - w.deal[SITE_MAINTENANCE]
    distrust = 1.0 - min(1.0, w.deal[TRUST])
    for t in range(first, w.plan.shape[1]):
        pooled = alpha * w.lever[LEVER_POOLING, t] * (1.0 - distrust)
        moved = w.lever[LEVER_SITE, t] * w.deal[SITE_PART]
        cheaper = log(1.0 - moved * saved) if moved != 0.0 else 0.0
        ours = pooled * w.gain[0] - moved * w.deal[SITE_QUALITY]
        w.plan[PAIRED, t] = ours - scene.season[t, EPSILON_T] * cheaper
        w.plan[THEIRS, t] = pooled * w.gain[1]
        if t >= start:
            distrust *= TRUST_KEPT
