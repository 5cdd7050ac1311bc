"""What a line's path is worth: equation 9, counted as differences, and the two kinds of power."""

from __future__ import annotations

from kachisuji.contest.compiled import compiled
from kachisuji.contest.path import EPSILON_T, FEWER, MARGIN_T
from kachisuji.contest.symbols import (
    ADMINISTRATION,
    CAPITAL,
    CAPITAL_DECAY,
    CREDIT_ADDITIONALITY,
    CREDIT_DECAY,
    CREDIT_LABOUR,
    CREDIT_RETURN,
    DELTA,
    FINAL_SHARE,
    FOREIGN_OWNED,
    INTEREST,
    KNOWLEDGE,
    LABOUR_RESEARCHER,
    LAG,
    LEVER_LABOUR_SAVING,
    OFFSHORE,
    OVERRUN,
    PUBLIC_FUNDS,
    RESEARCH_PART,
    SPILLOVER_RENT,
    USER_GAIN,
    WAGE_RESEARCHER,
)
from kachisuji.contest.world import FIRMS, RUNNING, STATE_COST

# places of the scalars (symbols.SCALARS) and paths (symbols.PATHS)
(
    VALUE_ADDED,
    SPILLOVER,
    GNI,
    USER_SURPLUS,
    KNOWLEDGE_GAIN,
    WELFARE,
    WELFARE_R1,
    WELFARE_R2,
    PUBLIC_COST,
    FIRM_COST,
    INDISPENSABILITY,
    EXPOSURE,
    DIGITAL_BALANCE,
    SHARE_LAST,
    SALES_LAST,
) = range(15)
P_MONEY, P_LABOUR, P_VALUE_ADDED, P_SALES = 0, 1, 5, 6
N_SKILLS = 4


@compiled
def labour_needed(symbols, cross, fewer, sales, base, saving, induced, row):
    """Workers by skill that the line adds in a year; returns what they would add elsewhere.

    Sales need ``labour_k`` workers per unit, fewer each year with productivity; a labour-saving
    lever works on all sales of the line; spending on research needs researchers.
    """
    cost = 0.0
    for k in range(N_SKILLS):
        workers = symbols[LABOUR_RESEARCHER + k] * fewer * (sales * (1.0 - saving) - base)
        row[P_LABOUR + k] = workers
        cost += cross[WAGE_RESEARCHER + k] * workers
    # their pay is part of the spending on capability, which is charged as its rental
    row[P_LABOUR] += cross[RESEARCH_PART] * cross[CREDIT_LABOUR] * induced
    return cost


@compiled
def power(world, j, f, hat):
    """Indispensability and exposure through product ``j`` when home's supply share is ``hat``×.

    One operator, holder and dependent exchanged: shortage ``z = max(0, d − cushion)`` with d the
    holder's share of the dependent's bought-in use; ``L = loss·z``. Returns
    ``Σ_j reliance_j·max(0, L_j − C_home)`` and ``Σ_h withhold_h·L_home(h)``.
    """
    home = world.home
    before = world.world_share0[j, home]
    now = min(0.999, before * hat)
    others = (1.0 - now) / (1.0 - before) if before < 1.0 else 0.0
    needed, exposed = 0.0, 0.0
    own_cost = world.holder_cost[j] * (now / before if before > 0.0 else 0.0)
    cover_home = min(1.0, world.cover[j, home] * (now / before if before > 0.0 else 1.0))
    for r in range(world.world_share0.shape[1]):
        if r == home:
            continue
        z = now * (1.0 - min(1.0, world.cover[j, r] * others)) - world.cushion[j, f]
        lost = world.loss[j, r] * max(0.0, z)
        needed += world.reliance[r] * max(0.0, lost - own_cost)
        z = world.world_share0[j, r] * others * (1.0 - cover_home) - world.cushion[j, f]
        exposed += world.withhold[f, r] * world.loss[j, home] * max(0.0, z)
    return needed, exposed


@compiled
def add_power(world, s, f, share, base, first, out):
    """Add the change of indispensability and exposure in the last year, in percent of GDP."""
    for k in range(world.product.shape[1]):
        j = world.product[s, k]
        if j < 0 or first <= 0.0:
            continue
        needed, exposed = power(world, j, f, share / first)
        needed0, exposed0 = power(world, j, f, base / first)
        out[INDISPENSABILITY] += 100.0 * (needed - needed0)
        out[EXPOSURE] += 100.0 * (exposed - exposed0)


@compiled
def add_year(discounts, pieces, out):
    """Discount one year's pieces: value, spillover, gni, surplus, knowledge, welfare, costs."""
    d = discounts[0]
    out[VALUE_ADDED] += d * (pieces[0] + pieces[1])
    out[SPILLOVER] += d * pieces[1]
    out[GNI] += d * (pieces[0] + pieces[1] + pieces[2])
    out[USER_SURPLUS] += d * pieces[3]
    out[KNOWLEDGE_GAIN] += d * pieces[4]
    for r in range(3):
        out[WELFARE + r] += discounts[r] * pieces[5]
    out[PUBLIC_COST] += d * pieces[6]
    out[FIRM_COST] += d * pieces[7]


@compiled
def value_line(world, arena, f, w, k, base_sales, base_index, out, path):
    """Outcome differences of the line in ``w`` row ``k`` against the path without policy.

    ``W_t = ΔVA_own + ρ·ΔVA_suppliers − Σ ω·ΔL − (r+d)ΔK − (r+δ)K_policy − ξG − waste − firms' cost
    − rents to foreign owners + knowledge + user surplus`` (equation 9). Policy-induced capability
    is charged as a yearly rental over its life, so that late starts are not punished by the
    horizon; windfall is a transfer and costs only the excess burden. Where lines played together
    raise wages, workers gain what home users lose by it, and it is added in the same measure.
    """
    s = arena // 2
    symbols, cross = world.symbols[s, f], world.cross[f]
    years = w.price.shape[1]
    final, own_share, up_share = (
        symbols[FINAL_SHARE], world.recipe_value[s, 0], world.recipe_value[s, 1],
    )  # fmt: skip
    stock, pieces = 0.0, w.pieces
    for t in range(1, years):
        sales, base = w.sales[k, :, t].sum(), base_sales[arena, f, :, t].sum()
        change = sales - base
        lag = max(1, int(symbols[LAG] + 0.5))
        stock *= 1.0 - symbols[DELTA]
        if t > lag:
            stock += w.induced[k, t - lag]
        season = world.season[s, f, t]
        margin = season[MARGIN_T]
        row = path[t - 1]
        work = labour_needed(
            symbols, cross, season[FEWER], sales, base, w.lever[LEVER_LABOUR_SAVING, t],
            w.induced[k, t], row,
        )  # fmt: skip
        state = w.money[STATE_COST, t]
        rents = symbols[FOREIGN_OWNED] * margin * change * final
        pieces[0] = own_share * final * change
        pieces[1] = up_share * final * change
        pieces[2] = symbols[OFFSHORE] * margin * change - rents
        gained = w.price[k, t] - base_index[arena, f, t]
        pieces[3] = symbols[USER_GAIN] * gained / season[EPSILON_T]
        pieces[3] *= world.size[arena, f, world.home_market, t]
        pieces[4] = symbols[KNOWLEDGE] * w.induced[k, t]
        pieces[6] = state * (1.0 + symbols[OVERRUN])
        pieces[7] = w.terms[FIRMS] if state > 0.0 else 0.0
        waste = state * symbols[OVERRUN] + w.money[RUNNING, t]
        pieces[5] = (
            pieces[0] + cross[SPILLOVER_RENT] * pieces[1] - rents + pieces[3] + pieces[4]
            - work * final - pieces[7] - waste - cross[PUBLIC_FUNDS] * pieces[6]
            - (cross[INTEREST] + cross[CAPITAL_DECAY]) * symbols[CAPITAL] * change * final
            - (cross[INTEREST] + symbols[DELTA]) * stock
            + w.wage[t] * symbols[USER_GAIN] * w.sales[k, world.home_market, t]
        )  # fmt: skip
        add_year(world.discount[:, t], pieces, out)
        out[DIGITAL_BALANCE] += world.digital[s] * change / (years - 1)
        row[P_MONEY] = pieces[6]
        row[P_VALUE_ADDED] = pieces[0] + pieces[1]
        row[P_SALES] = change
    last_year(world, arena, f, w, k, base_sales, out)


@compiled
def last_year(world, arena, f, w, k, base_sales, out):
    """Share, sales and power in the last year; a niche counts inside its whole segment."""
    s, last = arena // 2, w.price.shape[1] - 1
    whole = world.size[2 * s, f]
    base = base_sales[2 * s, f, :, last].sum()
    change = w.sales[k, :, last].sum() - base_sales[arena, f, :, last].sum()
    first = 0.0
    for m in range(whole.shape[0]):
        first += world.share0[2 * s, f, world.home, m] * whole[m, 0]
    total, total0 = whole[:, last].sum(), whole[:, 0].sum()
    out[SALES_LAST] = change
    out[SHARE_LAST] = change / total
    add_power(world, s, f, (base + change) / total, base / total, first / total0, out)


@compiled
def credit_line(world, f, yearly, start, out, path):
    """Horizontal R&D credit: ``yearly`` public money on research of every kind.

    Additional research builds a stock R that decays; society gains ``credit_return·R``, of which
    the user cost (r+δ)R is what the resources would have earned elsewhere. Counted as value added
    and as a spillover, for it belongs to no segment.
    """
    cross = world.cross[f]
    years = world.discount.shape[1]
    stock = 0.0
    for t in range(start, years):
        added = cross[CREDIT_ADDITIONALITY] * yearly
        gain = cross[CREDIT_RETURN] * stock
        cost = yearly * (1.0 + cross[ADMINISTRATION])
        net = (
            gain - (cross[INTEREST] + cross[CREDIT_DECAY]) * stock
            - cross[PUBLIC_FUNDS] * cost - cross[ADMINISTRATION] * yearly
        )  # fmt: skip
        out[VALUE_ADDED] += world.discount[0, t] * gain
        out[SPILLOVER] += world.discount[0, t] * gain
        out[GNI] += world.discount[0, t] * gain
        out[KNOWLEDGE_GAIN] += world.discount[0, t] * gain
        out[PUBLIC_COST] += world.discount[0, t] * cost
        for r in range(3):
            out[WELFARE + r] += world.discount[r, t] * net
        path[t - 1, P_MONEY] = cost
        path[t - 1, P_LABOUR] = cross[CREDIT_LABOUR] * added
        path[t - 1, P_VALUE_ADDED] = gain
        stock = (1.0 - cross[CREDIT_DECAY]) * stock + added
