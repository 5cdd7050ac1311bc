"""Lines played together: shared labour, currency and partners, and sales to one another."""

from __future__ import annotations

import numpy as np

from kachisuji.contest.compiled import compiled
from kachisuji.contest.elementary import log
from kachisuji.contest.kernel import (
    desk_of,
    desks,
    earn,
    look,
    open_play,
    partner_gain,
    play_line,
    play_year,
    scratch,
    target_market,
)
from kachisuji.contest.levers import foresee_partner, set_levers
from kachisuji.contest.lifecycle import EPSILON_T, FEWER
from kachisuji.contest.symbols import (
    EXCHANGE_RESPONSE,
    EXPORTS_BASE,
    LABOUR_CRAFT,
    LABOUR_RESEARCHER,
    LEVER_HANDOVER,
    LEVER_LABOUR_SAVING,
    PARTNER_CROWDING,
    WAGE_RESEARCHER,
    WAGE_RESPONSE,
)
from kachisuji.contest.value import (
    CRAFT_SKILL,
    N_SKILLS,
    credit_line,
    labour_needed,
    spill_value,
    value_line,
)
from kachisuji.contest.world import CREDIT, LINE, ODDS

# Wages and the exchange rate close this part of the gap each year: a contract cycle of about three
# years, and no cobweb from the lag of a year.
ADJUSTMENT = 1.0 / 3.0


@compiled
def decide_partners(world, lines, f, alone, joined, partners, hits):
    """Fix who takes part: each partner as if the line stood alone; and where retaliation bites."""
    for i in range(lines.segment.size):
        partners[i], hits[i] = -1, -1
        if lines.kind[i] != LINE:
            continue
        if play_line(world, lines, i, f, alone, joined):
            partners[i] = lines.partner[i]
        s = lines.segment[i]
        if world.luck[s, f] < alone.terms[ODDS]:
            hits[i] = target_market(world, 2 * s + lines.niche[i], f)


@compiled
def start_line(world, lines, i, f, w, partners, hits):
    """Set the base year of one line; a partner asked by many lines gives each of them less."""
    s = lines.segment[i]
    arena = 2 * s + lines.niche[i]
    set_levers(world, arena, f, lines.package[i], lines.start[i], lines.intensity[i], w)
    scene = look(world, arena, f, lines.group[i])
    open_play(scene, w, hits[i], lines.start[i])
    w.gain[:] = 0.0
    w.deal[:] = 0.0
    if partners[i] >= 0:
        pair = world.pair[s, partners[i]]
        w.deal[:] = world.deal[pair, f]
        w.gone[0] = world.gone[pair, f]
        same = 0
        for j in range(partners.size):
            same += 1 if partners[j] == partners[i] else 0
        crowd = 1.0 + world.cross[f, PARTNER_CROWDING] * (same - 1)
        w.gain[:] = world.boost[pair, f] / crowd
        foresee_partner(1, scene, w, lines.start[i])


@compiled
def pressure(world, lines, f, t, works, partial, use):
    """Move ``use`` towards the labour added over the pool, by skill, and exports over their base.

    ``use`` holds the four skills, then exports: what wages and the currency have answered to.

    ``partial[i]`` becomes the log price fall of line i's home market, for those who buy from it.
    """
    use *= 1.0 - ADJUSTMENT
    row = np.zeros(1 + N_SKILLS)
    for i in range(lines.segment.size):
        partial[i] = 0.0
        if lines.kind[i] != LINE:
            continue
        w = desk_of(works, i)
        s = lines.segment[i]
        arena = 2 * s + lines.niche[i]
        sales, base = w.sales[:, t].sum(), world.base_sales[arena, f, :, t].sum()
        labour_needed(
            world.symbols[arena, f], world.cross[f], world.season[s, f, t, FEWER], sales, base,
            w.lever[LEVER_LABOUR_SAVING, t], w.induced[t], row,
        )  # fmt: skip
        row[1 + CRAFT_SKILL] += w.teach[t]
        for k in range(N_SKILLS):
            use[k] += ADJUSTMENT * row[1 + k] / world.pool[k, t]
        home = world.home_market
        exports = sales - base - w.sales[home, t] + world.base_sales[arena, f, home, t]
        use[N_SKILLS] += ADJUSTMENT * exports / world.cross[f, EXPORTS_BASE]
        fallen = w.price[t] - world.base_index[arena, f, t]
        partial[i] = fallen / world.season[s, f, t, EPSILON_T]


@compiled
def wage_rise(world, lines, i, f, use):
    """Rise of line i's cost by wages, as a share of sales: response × use × cost share by skill."""
    s, cross = lines.segment[i], world.cross[f]
    total = 0.0
    for k in range(N_SKILLS):
        cost_share = world.symbols[2 * s, f, LABOUR_RESEARCHER + k] * cross[WAGE_RESEARCHER + k]
        total += cross[WAGE_RESPONSE] * use[k] * cost_share
    return total


@compiled
def squeeze_of(world, lines, i, f, wage, partial, use):
    """Log rise of line i's cost: wages of scarce skills, a dearer currency, cheaper inputs."""
    total = wage + world.cross[f, EXCHANGE_RESPONSE] * use[N_SKILLS]
    for j in range(lines.segment.size):
        if j != i and lines.kind[j] == LINE:
            total -= world.link[lines.segment[i], lines.segment[j]] * partial[j]
    return log(max(0.5, 1.0 + total))


@compiled
def gift_of(world, lines, i, f, t, works):
    """Capability spending of last year in the other lines' segments that works in line i's too."""
    total, to = 0.0, lines.segment[i]
    for j in range(lines.segment.size):
        if j == i or lines.kind[j] != LINE:
            continue
        s = lines.segment[j]
        for e in range(world.spill_start[s], world.spill_start[s + 1]):
            if world.spill_to[e] == to:
                total += world.spill[e, f] * works.induced[j, t - 1]
    return total


@compiled
def teachers(world, lines, f, t, works):
    """Find how many of the craft workers who can be moved each line may take as teachers.

    What the lines' own production takes on is gone for teaching; the rest is shared evenly by all
    lines that hand on skill.
    """
    free, schools = world.pool[CRAFT_SKILL, t], 0
    for i in range(lines.segment.size):
        if lines.kind[i] != LINE:
            continue
        schools += 1 if works.lever[i, LEVER_HANDOVER, t] > 0.0 else 0
        s = lines.segment[i]
        arena = 2 * s + lines.niche[i]
        more = works.sales[i, :, t - 1].sum() - world.base_sales[arena, f, :, t - 1].sum()
        needed = world.symbols[arena, f, LABOUR_CRAFT] * world.season[s, f, t, FEWER]
        free -= max(0.0, more) * needed
    return max(0.0, free) / max(1, schools)


@compiled
def play_together(world, lines, scalars, paths):
    """Play all ``lines`` (one a segment) jointly; outcomes by line, (L, F, …), zero on entry.

    Wages answer to the labour that all lines add, the real exchange rate to the exports they add,
    over about three years; a partner shared by n lines gives each 1/(1 + c(n − 1)) of its help; a
    segment that gets cheaper at home cuts the cost of those that buy from it; capability spending
    spills to linked segments; those who teach a craft are shared.
    """
    n = lines.segment.size
    works = desks(world, n)
    alone, joined = scratch(world), scratch(world)
    partners, hits = np.zeros(n, np.int64), np.zeros(n, np.int64)
    partial, use, skill = np.zeros(n), np.zeros(N_SKILLS + 1), np.zeros(n)
    lines_of = np.zeros(world.recipe_value.shape[0], np.int64)
    for i in range(n):
        if lines.kind[i] == LINE:
            lines_of[lines.segment[i]] = 1
    for f in range(world.cross.shape[0]):
        decide_partners(world, lines, f, alone, joined, partners, hits)
        skill[:] = 1.0
        use[:] = 0.0
        for i in range(n):
            if lines.kind[i] == LINE:
                start_line(world, lines, i, f, desk_of(works, i), partners, hits)
        for t in range(1, world.size.shape[3]):
            pressure(world, lines, f, t - 1, works, partial, use)
            staff = teachers(world, lines, f, t, works)
            for i in range(n):
                if lines.kind[i] != LINE:
                    continue
                arena = 2 * lines.segment[i] + lines.niche[i]
                scene = look(world, arena, f, lines.group[i])
                w, wage = desk_of(works, i), wage_rise(world, lines, i, f, use)
                w.wage[t] = wage
                cost = squeeze_of(world, lines, i, f, wage, partial, use)
                gift = gift_of(world, lines, i, f, t, works)
                skill[i] = play_year(t, scene, w, partners[i], cost, gift, staff, skill[i])
                w.price[t] = log(w.price[t])
                earn(t, scene, w)
        for i in range(n):
            if lines.kind[i] == LINE:
                arena = 2 * lines.segment[i] + lines.niche[i]
                w = desk_of(works, i)
                value_line(world, arena, f, w, scalars[i, f], paths[i, f])
                spill_value(world, lines.segment[i], f, w, lines_of, scalars[i, f])
                if partners[i] >= 0:
                    partner_gain(world, arena, f, w, partners[i], scalars[i, f])
            elif lines.kind[i] == CREDIT:
                credit_line(
                    world, f, lines.intensity[i], lines.start[i], scalars[i, f], paths[i, f]
                )
