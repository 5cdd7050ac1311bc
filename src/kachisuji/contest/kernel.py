"""Lines against futures: levers in time, the path of a line, its outcomes as differences.

The loops of the contest. Every line is played in every future beside the same future without it;
outcomes are the difference (docs/contest.md, equations 4, 6, 9 and 11).
"""

from __future__ import annotations

import numpy as np

from kachisuji.contest.compiled import borrowed, compiled, inlined, renamed
from kachisuji.contest.elementary import log
from kachisuji.contest.levers import foresee, foresee_partner, set_levers
from kachisuji.contest.lifecycle import EPSILON_T, KAPPA_T, MARGIN_T, REINVEST_T, TREND
from kachisuji.contest.path import (
    FASTER,
    LN2,
    LOG_LEAD,
    N_PLAN,
    N_STATE,
    OURS,
    PAIRED,
    RISE,
    THEIRS,
    WORLD_SHARE,
    attraction,
    begin,
    born,
    build_capability,
    hand_on,
    invest,
    invest_home,
    learn,
    sell,
    taught,
)
from kachisuji.contest.symbols import (
    ALPHA,
    CRAFT,
    EXCHANGE,
    LEAK,
    LEARNING_RATE,
    LEVER_KAPPA,
    LEVER_STANDARDS,
    N_LEVERS,
    N_TERMS,
    NICHE_LEAK,
    NICHE_MARGIN,
    NU,
    PATHS,
    SCALARS,
    SKILLS,
)
from kachisuji.contest.value import (
    N_PIECES,
    PARTNER_GAIN,
    PARTNER_RENT,
    VALUE_ADDED,
    WELFARE,
    contract_rent,
    credit_line,
    set_base_power,
    spill_value,
    value_line,
)
from kachisuji.contest.world import (
    CREDIT,
    END,
    LEAD,
    LINE,
    N_LINE_TERMS,
    N_MONEY,
    NEVER,
    NOTHING,
    ODDS,
    PARTS,
    PURCHASES,
    SHUT,
    START,
    STATE_COST,
    STOPPED,
    TAKE,
    TAKEN_BACK,
    TO_CAPABILITY,
    Scene,
    Scratch,
)

CRAFT_SKILL = SKILLS.index("craft")
N_SCALARS, N_PATHS = len(SCALARS), len(PATHS)


@compiled
def desks(world, n):
    """Allocate work arrays for ``n`` lines played at a time, each with a leading axis."""
    n_markets, years = world.size.shape[2], world.size.shape[3]
    n_regions = world.share0.shape[2]
    return Scratch(
        np.zeros((n, N_LEVERS, years)),
        np.zeros((n, N_MONEY, years)),
        np.zeros((n, N_LINE_TERMS)),
        np.zeros((n, N_TERMS)),
        np.full((n, 1), NEVER),
        np.zeros((n, 2)),
        np.zeros((n, N_STATE, n_regions)),
        np.zeros((n, years, n_regions)),
        np.zeros((n, n_markets, n_regions)),
        np.zeros((n, n_markets, years)),
        np.zeros((n, N_PLAN, years)),
        np.zeros((n, n_markets)),
        np.zeros((n, n_markets, years)),
        np.zeros((n, years)),
        np.zeros((n, years)),
        np.zeros((n, years)),
        np.zeros((n, n_regions)),
        np.zeros((n, N_PIECES)),
        np.zeros((n, years)),
    )


@compiled
def desk_of(all_, i):
    """Return the work arrays of line ``i`` (a list of tuples lost writes in numba 0.68)."""
    return Scratch(
        all_.lever[i], all_.money[i], all_.terms[i], all_.deal[i], all_.gone[i], all_.gain[i],
        all_.state[i], all_.spend[i], all_.share[i], all_.reach[i], all_.plan[i], all_.unit[i],
        all_.sales[i], all_.price[i], all_.induced[i], all_.teach[i], all_.earned[i],
        all_.pieces[i], all_.wage[i],
    )  # fmt: skip


@compiled
def scratch(world):
    """Allocate the work arrays of one line."""
    return desk_of(desks(world, 1), 0)


def _scene(world, arena, f, group):
    """Pick out what one arena is in one future: slices made once a line, not once a year."""
    s = arena // 2
    symbols = world.symbols[arena, f]
    return Scene(
        symbols,
        world.cross[f],
        world.season[s, f],
        world.size[arena, f],
        world.share0[arena, f],
        world.rivals[arena, f],
        world.target[group],
        world.discount[0],
        world.closed[s, f],
        world.tax[s, f],
        world.pool[CRAFT_SKILL],
        symbols[NICHE_LEAK],
        -log(1.0 - symbols[LEARNING_RATE]) / LN2,
        log(world.cross[f, EXCHANGE]) / (world.size.shape[3] - 1),
        world.home,
        world.home_market,
        world.first_year,
        world.unborn[s],
    )


look = compiled(_scene)
# the same for borrowed functions: slices that nobody counts, never to be handed to a counting one
glance = inlined(renamed(_scene, "glance"))


@inlined
def extras(t, scene, w, partner, squeeze, skill, epsilon):
    """Sum what policy, currency and partner add to the log weights of home and of the partner.

    What is known beforehand comes from the plan; a shared standard counts by who has the market.
    """
    symbols, plan, state = scene.symbols, w.plan, w.state
    ours, theirs = plan[OURS, t] - epsilon * squeeze, 0.0
    if symbols[CRAFT] > 0.0:
        ours += symbols[ALPHA] * symbols[CRAFT] * log(skill)
    if partner >= 0:
        ours += plan[PAIRED, t]
        theirs += plan[THEIRS, t]
        common = w.lever[LEVER_STANDARDS, t]
        if common != 0.0:
            mine, other = state[WORLD_SHARE, scene.home], state[WORLD_SHARE, partner]
            ours += symbols[NU] * log(1.0 + common * other / mine)
            theirs += symbols[NU] * log(1.0 + common * mine / other)
    return ours, theirs


@inlined
def play_year(t, scene, w, partner, squeeze, gift, staff, skill):
    """Advance one segment by one year; returns the craft skill of the next year.

    ``squeeze`` is the log rise of home cost that other lines cause through wages and the exchange
    rate, ``gift`` the capability spending that reaches it from linked segments (both zero when a
    line is simulated alone); ``staff`` the craft workers who could teach. The plan must be filled
    (``foresee``, and ``foresee_partner`` where there is one). ``w.price[t]`` is left without its
    logarithm, which is taken of all years at once.
    """
    symbols, cross, home, state = scene.symbols, scene.cross, scene.home, w.state
    season = scene.season
    epsilon, trend, reinvest = season[t, EPSILON_T], season[t, TREND], season[t, REINVEST_T]
    whom = partner if partner >= 0 and t < w.gone[0] else -1
    public = w.money[TO_CAPABILITY]
    invest(t, state, w.spend, symbols, reinvest, public[t - 1] / trend)
    w.induced[t] = invest_home(
        t, state, w.spend, symbols, cross, scene.rivals[home, 0], home, w.lever, public, w.terms,
        trend, gift,
    )  # fmt: skip
    build_capability(t, state, w.spend, symbols)
    kappa = season[t, KAPPA_T] * scene.leak
    told = w.deal[LEAK] if t >= w.terms[START] else 0.0  # a partner learns once it takes part
    learn(
        state, symbols, scene.base, w.plan[FASTER, t], kappa, home, w.lever[LEVER_KAPPA, t], skill,
        whom, told,
    )  # fmt: skip
    ours, theirs = extras(t, scene, w, whom, squeeze, skill, epsilon)
    attraction(state, symbols, epsilon, home, ours, whom, theirs)
    is_open = 1.0 if scene.unborn == 0 or born(symbols, w.lever, t, scene.first_year) else 0.0
    w.price[t] = sell(
        t, state, w.share, scene.size, home, scene.home_market, w.plan[RISE, t], w.reach, w.unit,
        w.money[PURCHASES, t], is_open, w.sales,
    )  # fmt: skip
    guarded = w.terms[PARTS] > 1.0 or w.terms[TAKE] > 0.0
    if guarded and review(t, state[LOG_LEAD, home], w.lever, w.money, w.terms):
        w.plan[:, t + 1 :] = 0.0
        foresee(t + 1, scene, w, int(w.terms[SHUT]), int(w.terms[START]))
    if symbols[CRAFT] == 0.0:
        return 1.0
    kept, w.teach[t] = taught(symbols, w.lever, t, w.sales[:, t].sum(), staff)
    return hand_on(symbols, skill, kept)


@inlined
def review(t, lead, lever, money, terms):
    """Look at a line that is guarded, and ask whether home has lost share since it began.

    At the end of every tranche a line that has lost share is ended. At its planned end the stated
    part of the money that went into capability is taken back from a line that has lost share, or
    was ended before. What is looked at is the share as seen, for no ministry sees the world without
    its policy: a rising tide passes, and bad luck fails. Returns whether it is ended now.
    """
    start, end, years = int(terms[START]), int(terms[END]), lever.shape[1]
    if t == start - 1:
        terms[LEAD] = lead
    if t < start or t >= end:
        return False
    failed = lead < terms[LEAD]
    parts, length = terms[PARTS], end - start
    done = t - start + 1
    part = int(done * parts / length)
    ended = failed and part > int((done - 1) * parts / length) and done < length
    if ended:
        lever[:, t + 1 :] = 0.0
        money[:, t + 1 :] = 0.0
        terms[STOPPED] = 1.0
    if done == length and t + 1 < years and (failed or terms[STOPPED] > 0.0):
        back = terms[TAKE] * money[TO_CAPABILITY].sum()
        money[TAKEN_BACK, t + 1] = back
        money[STATE_COST, t + 1] -= back
    return ended


@inlined
def set_base(scene, w):
    """Set the base year of one arena."""
    is_open = 1.0 if scene.unborn == 0 else 0.0
    begin(w.state, w.spend, w.share, scene.symbols, scene.share0, scene.size, scene.rivals, is_open)
    for m in range(scene.size.shape[0]):
        w.sales[m, 0] = scene.share0[scene.home, m] * scene.size[m, 0] * is_open
    w.price[0], w.induced[0], w.teach[0] = 0.0, 0.0, 0.0


@inlined
def earn(t, scene, w):
    """Add the margin on a year's sales of each region, discounted, to ``w.earned``.

    A market not yet born sells nothing; what the state buys is no part of it.
    """
    if scene.unborn != 0 and not born(scene.symbols, w.lever, t, scene.first_year):
        return
    total = 0.0
    for m in range(scene.size.shape[0]):
        total += scene.size[m, t]
    kept = scene.discount[t] * total * scene.season[t, MARGIN_T] * scene.symbols[NICHE_MARGIN]
    for r in range(w.earned.size):
        w.earned[r] += kept * w.state[WORLD_SHARE, r]


@borrowed
def partner_gain(world, arena, f, w, partner, out):
    """Set what a partner gains against the world without the line (equation 6), discounted.

    The margin on its own sales with the line less without policy, over the whole horizon whether or
    not the partnership lasts, and its contract's part (``partner_rent``). Margins are the
    segment's: those of single regions are not known.
    """
    without = world.base_profit[arena, f, partner]
    out[PARTNER_GAIN] = out[PARTNER_RENT] + w.earned[partner] - without


@borrowed
def play(scene, w, partner, hit, start):
    """Play one segment through all years; ``w.earned`` adds up the margin of each region."""
    open_play(scene, w, hit, start)
    if partner >= 0:
        foresee_partner(1, scene, w, start)
    play_on(1, scene.size.shape[1], scene, w, partner, 1.0)


@borrowed
def open_play(scene, w, hit, start):
    """Set the base year and the plan; the market ``hit`` retaliates after year ``start``."""
    set_base(scene, w)
    w.earned[:] = 0.0
    foresee(1, scene, w, hit, start)


@borrowed
def play_on(first, last, scene, w, partner, skill):
    """Play the years ``first`` to ``last`` (excluded); returns the craft skill after them."""
    for t in range(first, last):
        skill = play_year(t, scene, w, partner, 0.0, 0.0, scene.staff[t], skill)
        earn(t, scene, w)
    for t in range(first, last):
        w.price[t] = log(w.price[t])
    return skill


@borrowed
def target_market(world, arena, f):
    """Foreign market in which home sells most: where retaliation bites."""
    best, most = -1, 0.0
    for m in range(world.size.shape[2]):
        sold = world.share0[arena, f, world.home, m] * world.size[arena, f, m, 0]
        if m != world.home_market and sold > most:
            best, most = m, sold
    return best


@compiled
def play_baseline(world, arena):
    """Fill the path of an arena without policy: ``base_sales``, ``base_index`` and the like."""
    w = scratch(world)
    for f in range(world.cross.shape[0]):
        play(look(world, arena, f, 0), w, -1, -1, 0)
        world.base_sales[arena, f] = w.sales
        world.base_index[arena, f] = w.price
        world.base_profit[arena, f] = w.earned
        if arena % 2 == 0:  # power is that of the whole segment
            set_base_power(world, arena // 2, f)


@borrowed
def without_levers(w):
    """Clear what a line leaves in the work arrays: the path without policy."""
    w.lever[:] = 0.0
    w.money[:] = 0.0
    w.terms[:] = 0.0
    w.deal[:] = 0.0


@borrowed
def begin_line(world, lines, n, f, scene, w):
    """Play line ``n`` in future ``f`` up to its start, the same with its partner and without.

    Returns the craft skill at the start.
    """
    arena = 2 * lines.segment[n] + lines.niche[n]
    start = lines.start[n]
    set_levers(world, arena, f, lines.package[n], start, lines.intensity[n], w)
    w.deal[:] = 0.0
    hit = -1
    if world.luck[lines.segment[n], f] < w.terms[ODDS]:
        hit = target_market(world, arena, f)
    open_play(scene, w, hit, start)
    return play_on(1, min(start, scene.size.shape[1]), scene, w, -1, 1.0)


@inlined
def copied_row(source, target):
    """Copy a row of the same length (an assignment would make room for both to overlap)."""
    for j in range(source.size):
        target[j] = source[j]


@inlined
def copied(source, target):
    """Copy a table of the same shape, row by row."""
    for i in range(source.shape[0]):
        copied_row(source[i], target[i])


@borrowed
def follow(before, w):
    """Copy a line as far as it has been played."""
    copied(before.lever, w.lever)
    copied(before.money, w.money)
    copied(before.state, w.state)
    copied(before.spend, w.spend)
    copied(before.share, w.share)
    copied(before.reach, w.reach)
    copied(before.plan, w.plan)
    copied(before.sales, w.sales)
    copied_row(before.terms, w.terms)
    copied_row(before.deal, w.deal)
    copied_row(before.price, w.price)
    copied_row(before.induced, w.induced)
    copied_row(before.teach, w.teach)
    copied_row(before.earned, w.earned)


@borrowed
def play_joined(world, lines, n, f, scene, skill, alone, w):
    """Play line ``n`` on from its start with its partner; returns whether the partner takes part.

    It does only if that leaves it more than the line without it does (``alone``, equation 6): the
    discounted margin on its own sales, and its contract's part. ``w`` holds the line up to its
    start, and is used up.
    """
    s, partner, start = lines.segment[n], lines.partner[n], lines.start[n]
    pair = world.pair[s, partner] if partner >= 0 else -1
    if pair < 0 or world.gone[pair, f] <= start:
        return False
    copied_row(world.boost[pair, f], w.gain)
    copied_row(world.deal[pair, f], w.deal)
    w.gone[0] = world.gone[pair, f]
    foresee_partner(start, scene, w, start)
    play_on(start, scene.size.shape[1], scene, w, partner, skill)
    rent = contract_rent(world, 2 * s + lines.niche[n], f, w)
    return w.earned[partner] + rent > alone.earned[partner]


@borrowed
def play_line(world, lines, n, f, alone, joined):
    """Play line ``n`` in future ``f``; returns whether its partner takes part."""
    arena = 2 * lines.segment[n] + lines.niche[n]
    scene = glance(world, arena, f, lines.group[n])
    skill = begin_line(world, lines, n, f, scene, alone)
    follow(alone, joined)
    play_on(lines.start[n], scene.size.shape[1], scene, alone, -1, skill)
    return play_joined(world, lines, n, f, scene, skill, alone, joined)


@compiled
def same_but_partner(lines, first, last):
    """Chain the lines of a block that differ by their partner only.

    Returns the next of each line's chain (−1 at its end), and whether a line begins one.
    """
    following = np.full(last - first, -1)
    begins = np.ones(last - first, np.bool_)
    for n in range(first, last):
        if lines.kind[n] != LINE or lines.partner[n] < 0:
            continue
        for m in range(n - 1, first - 1, -1):
            if (
                lines.kind[m] == LINE
                and lines.segment[m] == lines.segment[n]
                and lines.niche[m] == lines.niche[n]
                and lines.group[m] == lines.group[n]
                and lines.package[m] == lines.package[n]
                and lines.start[m] == lines.start[n]
                and lines.intensity[m] == lines.intensity[n]
            ):
                following[m - first], begins[n - first] = n - first, False
                break
    return following, begins


@inlined
def set_outcome(world, lines, n, f, scene, skill, alone, joined, nobody, row, without, scalars,
                paths):  # fmt: skip
    """Write the outcome of line ``n`` in ``row``; returns the row of the line without a partner.

    ``joined`` holds the line up to its start; ``without`` is −1 until one partner has declined.
    """
    s = lines.segment[n]
    arena = 2 * s + lines.niche[n]
    result, path = scalars[row, f], paths[row, f]
    if play_joined(world, lines, n, f, scene, skill, alone, joined):
        value_line(world, arena, f, joined, result, path)
        spill_value(world, s, f, joined, nobody, result)
        partner_gain(world, arena, f, joined, lines.partner[n], result)
        return without
    if without >= 0:
        copied_row(scalars[without, f], result)
        copied(paths[without, f], path)
        return without
    value_line(world, arena, f, alone, result, path)
    spill_value(world, s, f, alone, nobody, result)
    return row


@borrowed
def play_chain(world, lines, first, n, following, nobody, before, alone,
               joined, scalars, paths):  # fmt: skip
    """Play line ``n`` and those that differ from it by their partner, in every future."""
    arena = 2 * lines.segment[n] + lines.niche[n]
    for f in range(world.cross.shape[0]):
        scene = glance(world, arena, f, lines.group[n])
        skill = begin_line(world, lines, n, f, scene, alone)
        if lines.partner[n] >= 0:
            follow(alone, before)
        play_on(lines.start[n], scene.size.shape[1], scene, alone, -1, skill)
        row, without = n - first, -1
        while following[row] >= 0:
            follow(before, joined)
            without = set_outcome(
                world, lines, first + row, f, scene, skill, alone, joined, nobody, row, without,
                scalars, paths,
            )  # fmt: skip
            row = following[row]
        set_outcome(  # the last may use up what the others began from
            world, lines, first + row, f, scene, skill, alone, before, nobody, row, without,
            scalars, paths,
        )  # fmt: skip


@compiled
def play_lines(world, lines, first, last, scalars, paths):
    """Play lines ``first`` to ``last`` in every future and write outcome differences.

    ``scalars`` is (last − first, F, len(SCALARS)), ``paths`` (last − first, F, T,
    len(PATHS)); both zero on entry. Lines that differ by their partner only are played without it
    once; the bits are those of each played by itself.
    """
    before, alone, joined = scratch(world), scratch(world), scratch(world)
    nobody = np.zeros(world.recipe_value.shape[0], np.int64)
    following, begins = same_but_partner(lines, first, last)
    for n in range(first, last):
        if lines.kind[n] == CREDIT:
            for f in range(world.cross.shape[0]):
                row = n - first
                credit_line(
                    world, f, lines.intensity[n], lines.start[n], scalars[row, f], paths[row, f]
                )
        elif lines.kind[n] != NOTHING and begins[n - first]:
            play_chain(
                world, lines, first, n, following, nobody, before, alone,
                joined, scalars, paths,
            )  # fmt: skip


@compiled
def play_response(world, s, share, out):
    """Find what a unit of capability spending from elsewhere gives in segment ``s``, by year.

    ``out`` (F, 4, T1): value added and welfare at the three rates, discounted. Spending in year t
    reaches the segment a year later; ``share`` of home firms' own spending is given in one year at
    a time, and the outcome divided by it.
    """
    w = scratch(world)
    scalars = np.zeros(N_SCALARS)
    paths = np.zeros((world.size.shape[3] - 1, N_PATHS), dtype=np.float32)
    for f in range(world.cross.shape[0]):
        scene = look(world, 2 * s, f, 0)
        pulse = share * scene.rivals[scene.home, 0]
        for given in range(1, world.size.shape[3] - 1):
            open_play(scene, w, -1, 0)
            skill = 1.0
            for t in range(1, world.size.shape[3]):
                gift = pulse if t == given + 1 else 0.0
                skill = play_year(t, scene, w, -1, 0.0, gift, scene.staff[t], skill)
                w.price[t] = log(w.price[t])
            w.induced[:] = 0.0
            scalars[:] = 0.0
            value_line(world, 2 * s, f, w, scalars, paths)
            out[f, 0, given] = scalars[VALUE_ADDED] / pulse
            for r in range(3):
                out[f, 1 + r, given] = scalars[WELFARE + r] / pulse
