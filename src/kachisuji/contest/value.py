"""What a line's path is worth: equation 9, counted as differences, and the two kinds of power."""

from __future__ import annotations

from kachisuji.contest.compiled import borrowed
from kachisuji.contest.lifecycle import EPSILON_T, FEWER, MARGIN_T
from kachisuji.contest.symbols import (
    ADMINISTRATION,
    CAPITAL,
    CAPITAL_DECAY,
    CAPTURE,
    CONTRACT_SHARE,
    CREDIT_ADDITIONALITY,
    CREDIT_DECAY,
    CREDIT_LABOUR,
    CREDIT_RETURN,
    DELTA,
    DISPLACEMENT,
    FINAL_SHARE,
    FOREIGN_OWNED,
    INTEREST,
    KNOWLEDGE,
    LABOUR_RESEARCHER,
    LAG,
    LEVER_FOREIGN_STAKE,
    LEVER_LABOUR_SAVING,
    LEVER_OUTWARD,
    LEVER_SITE,
    MARKUP_PASS,
    NICHE_MARGIN,
    OFFSHORE,
    OUTER_ELASTICITY,
    OVERRUN,
    PUBLIC_FUNDS,
    RECIPE_OWN,
    RECIPE_SUPPLIERS,
    RESEARCH_PART,
    SITE_PART,
    SPILLOVER_RENT,
    USER_GAIN,
    WAGE_RESEARCHER,
)
from kachisuji.contest.world import (
    AFTER_END,
    END,
    FIRMS,
    RUNNING,
    STATE_COST,
    TAKEN_BACK,
    TO_CAPABILITY,
)

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
    FORWARD,
    TECHNOLOGY,
    DUAL_USE,
    PARTNER_RENT,
    MARKUP,
    MARKUP_BOUND,
    HAZARD_COST,
    PARTNER_GAIN,
) = range(23)
P_MONEY, P_LABOUR, P_VALUE_ADDED, P_SALES = 0, 1, 5, 6
N_SKILLS, CRAFT_SKILL = 4, 2


@borrowed
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


@borrowed
def power(world, j, f, hat):
    """Indispensability and exposure through product ``j`` when home's supply share is ``hat``×.

    One operator, holder and dependent exchanged: shortage ``z = max(0, d − cushion)`` with d the
    holder's share of the dependent's bought-in use; ``L = loss·z``. Where origins of home's use are
    given, they take the place of the world's shares and of home's cover in what home is exposed to.
    It returns ``Σ_j reliance_j·max(0, L_j − C_home)``, ``Σ_h withhold_h·L_home(h)``, and the loss
    ``Σ_j L_j`` in money.
    """
    home = world.home
    before = world.world_share0[j, home]
    now = min(0.999, before * hat)
    others = (1.0 - now) / (1.0 - before) if before < 1.0 else 0.0
    needed, exposed, money = 0.0, 0.0, 0.0
    own_cost = world.holder_cost[j] * (now / before if before > 0.0 else 0.0)
    told = world.origin[j]
    makes = world.cover[j, home] if told < 0 else world.made[told, f]
    cover_home = min(1.0, makes * (now / before if before > 0.0 else 1.0))
    for r in range(world.world_share0.shape[1]):
        if r == home:
            continue
        z = now * (1.0 - min(1.0, world.cover[j, r] * others)) - world.cushion[j, f]
        lost = world.loss[j, r] * max(0.0, z)
        needed += world.reliance[r] * max(0.0, lost - own_cost)
        money += lost * world.gdp[r]
        held = world.world_share0[j, r] if told < 0 else world.bought[told, f, r]
        z = held * others * (1.0 - cover_home) - world.cushion[j, f]
        exposed += world.withhold[f, r] * world.loss[j, home] * max(0.0, z)
    return needed, exposed, money


@borrowed
def add_power(world, s, f, share, base, first, out):
    """Add the change of indispensability and exposure in the last year, in percent of GDP.

    Returns by how much more users abroad would lose without home's supply, in money.
    """
    feared = 0.0
    for k in range(world.product.shape[1]):
        j = world.product[s, k]
        if j < 0 or first <= 0.0:
            continue
        needed, exposed, lost = power(world, j, f, share / first)
        needed0, exposed0, lost0 = power(world, j, f, base / first)
        feared += lost - lost0
        out[INDISPENSABILITY] += 100.0 * (needed - needed0)
        out[EXPOSURE] += 100.0 * (exposed - exposed0)
    return feared


@borrowed
def add_year(discounts, pieces, out):
    """Discount one year's pieces (their order is that of ``value_line``)."""
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
    out[PARTNER_RENT] += d * pieces[8]
    out[HAZARD_COST] += d * pieces[9]


@borrowed
def yearly_sums(sales, base):
    """Sales of a year with and without the line, over all markets."""
    total, total0 = 0.0, 0.0
    for m in range(sales.size):
        total += sales[m]
        total0 += base[m]
    return total, total0


@borrowed
def owners(symbols, w, t, margin, change):
    """Profit on what the line adds that leaves the country: to foreign owners, to the partner.

    A stake sold to bidders from abroad (lever ``foreign_stake``) is paid for at its worth; only
    what the line adds after that is theirs. A partner has its contract's part while it takes part.
    """
    stake = min(1.0, max(0.0, symbols[FOREIGN_OWNED] + w.lever[LEVER_FOREIGN_STAKE, t]))
    rents = stake * margin * change * symbols[FINAL_SHARE]
    partner = 0.0
    if t < w.gone[0]:
        partner = w.deal[CONTRACT_SHARE] * (margin * change * symbols[FINAL_SHARE] - rents)
    return rents, partner


@borrowed
def value_line(world, arena, f, w, base_sales, base_index, out, path):
    """Outcome differences of the line in ``w`` against the path without policy.

    ``W_t = ΔVA_own + ρ·ΔVA_suppliers − Σ ω·ΔL − (r+d)ΔK − (r+δ)K_policy − ξG − waste − firms' cost
    − rents to foreign owners and partners + return on outward investment + knowledge + user
    surplus`` (equation 9). Policy-induced capability is charged as a yearly rental over its life,
    so that late starts are not punished by the horizon; windfall is a transfer and costs only the
    excess burden. Where lines played together raise wages, workers gain what home users lose by it,
    and it is added in the same measure. The part of spending that works in a named segment has its
    gain counted there (``spill_value``) and not once more as general knowledge.
    """
    s = arena // 2
    symbols, cross = world.symbols[arena, f], world.cross[f]
    years = w.price.size
    final = symbols[FINAL_SHARE]
    own_share = world.recipe_value[s, 0] + symbols[RECIPE_OWN]
    bought = max(1e-12, 1.0 - world.recipe_value[s, 0])  # shares add to one: more own, less bought
    up_share = world.recipe_value[s, 1] * max(0.0, 1.0 - symbols[RECIPE_OWN] / bought)
    up_share += symbols[RECIPE_SUPPLIERS]
    stock, pieces = 0.0, w.pieces
    lag = max(1, int(symbols[LAG] + 0.5))
    knowledge = symbols[KNOWLEDGE] * (1.0 - world.shared[s, f])
    capital = (cross[INTEREST] + cross[CAPITAL_DECAY]) * symbols[CAPITAL] * final
    for t in range(1, years):
        sales, base = yearly_sums(w.sales[:, t], base_sales[arena, f, :, t])
        outward = w.lever[LEVER_OUTWARD, t] * sales
        made = sales - cross[DISPLACEMENT] * outward
        change = made - base
        moved = w.lever[LEVER_SITE, t] * w.deal[SITE_PART] if t < w.gone[0] else 0.0
        stock *= 1.0 - symbols[DELTA]
        if t > lag:
            stock += w.induced[t - lag]
        season = world.season[s, f, t]
        margin = season[MARGIN_T] * symbols[NICHE_MARGIN]
        row = path[t - 1]
        work = labour_needed(
            symbols, cross, season[FEWER], made, base, w.lever[LEVER_LABOUR_SAVING, t],
            w.induced[t], row,
        )  # fmt: skip
        row[P_LABOUR + CRAFT_SKILL] += w.teach[t]
        work += cross[WAGE_RESEARCHER + CRAFT_SKILL] * w.teach[t]
        state = w.money[STATE_COST, t]
        rents, pieces[8] = owners(symbols, w, t, margin, change)
        pieces[0] = own_share * final * change
        pieces[1] = up_share * final * change
        if moved > 0.0:
            pieces[1] -= min(1.0, moved / max(1e-9, 1.0 - own_share)) * up_share * final * made
        pieces[2] = symbols[OFFSHORE] * margin * change + margin * outward - rents - pieces[8]
        gained = w.price[t] - base_index[arena, f, t]
        pieces[3] = symbols[USER_GAIN] * gained / season[EPSILON_T]
        pieces[3] *= world.size[arena, f, world.home_market, t]
        pieces[4] = knowledge * w.induced[t]
        pieces[6] = state * (1.0 + symbols[OVERRUN])
        pieces[7] = w.terms[FIRMS] if state > 0.0 and t < w.terms[END] else 0.0
        lost = state * symbols[OVERRUN] + cross[CAPTURE] * w.money[TO_CAPABILITY, t]
        pieces[9] = lost + w.money[AFTER_END, t] - w.money[TAKEN_BACK, t]
        pieces[5] = (
            pieces[0] + cross[SPILLOVER_RENT] * pieces[1] - rents - pieces[8] + pieces[3]
            + pieces[4] + (margin - cross[INTEREST] * symbols[CAPITAL]) * outward
            - work * final - pieces[7] - lost - w.money[RUNNING, t]
            - cross[PUBLIC_FUNDS] * pieces[6] - capital * change
            - (cross[INTEREST] + symbols[DELTA]) * stock
            + w.wage[t] * symbols[USER_GAIN] * w.sales[world.home_market, t]
        )  # fmt: skip
        add_year(world.discount[:, t], pieces, out)
        out[DIGITAL_BALANCE] += world.digital[s] * change / (years - 1)
        row[P_MONEY] = pieces[6]
        row[P_VALUE_ADDED] = pieces[0] + pieces[1]
        row[P_SALES] = change
    out[FORWARD] = world.forward[s] * out[USER_SURPLUS]
    feared = last_year(world, arena, f, w, base_sales, out)
    add_markup(world, arena, f, w, base_sales, feared, out)


@borrowed
def last_year(world, arena, f, w, base_sales, out):
    """Share, sales and power in the last year; a niche counts inside its whole segment.

    Returns by how much more users abroad would lose without home's supply, in money a year.
    """
    s, last = arena // 2, w.price.size - 1
    whole = world.size[2 * s, f]
    base = base_sales[2 * s, f, :, last].sum()
    change = w.sales[:, last].sum() - base_sales[arena, f, :, last].sum()
    first = 0.0
    for m in range(whole.shape[0]):
        first += world.share0[2 * s, f, world.home, m] * whole[m, 0]
    total, total0 = whole[:, last].sum(), whole[:, 0].sum()
    out[SALES_LAST] = change
    out[SHARE_LAST] = change / total
    return add_power(world, s, f, (base + change) / total, base / total, first / total0, out)


@borrowed
def markup(share, epsilon, outer):
    """Markup over cost of a region with this share: ``ε(s)/(ε(s) − 1)``.

    ``1/ε(s) = (1 − s)/ε + s/η`` with η the elasticity between segments (quantity competition;
    Atkeson and Burstein 2008, Pricing-to-market, equation 9).
    """
    inverse = (1.0 - share) / max(1.01, epsilon) + share / max(1.01, outer)
    return 1.0 / (1.0 - min(0.99, inverse))


@borrowed
def add_markup(world, arena, f, w, base_sales, feared, out):
    """Bound what being needed could add to export prices, and the part firms are taken to charge.

    The bound of a year is the lesser of two: the markup that the larger share would carry under
    quantity competition, on exports; and what users abroad would lose more without home's supply
    (``feared``, of the last year), for nobody pays more for a supply than its loss would cost.
    Neither is part of value added, GNI or welfare.
    """
    s, home = arena // 2, world.home_market
    symbols, outer = world.symbols[arena, f], world.cross[f, OUTER_ELASTICITY]
    if feared <= 0.0:
        return
    for t in range(1, w.price.size):
        sales, base = yearly_sums(w.sales[:, t], base_sales[arena, f, :, t])
        exports = sales - w.sales[home, t]
        total = 0.0
        for m in range(world.size.shape[2]):
            total += world.size[arena, f, m, t]
        if total <= 0.0 or sales <= base:
            continue
        epsilon = world.season[s, f, t, EPSILON_T]
        rise = markup(sales / total, epsilon, outer) / markup(base / total, epsilon, outer) - 1.0
        out[MARKUP_BOUND] += world.discount[0, t] * min(feared, rise * exports)
    out[MARKUP] = symbols[MARKUP_PASS] * out[MARKUP_BOUND]


@borrowed
def spill_value(world, s, f, w, lines_of, out):
    """Add what capability spending in segment ``s`` gives in the segments it is linked to.

    Value added by kind of link, apart; its net gain counts in welfare. ``lines_of`` (S,) says which
    segments are played beside it, where the gain is seen in their own outcome.
    """
    for e in range(world.spill_start[s], world.spill_start[s + 1]):
        to = world.spill_to[e]
        if lines_of[to] > 0:
            continue
        kind = TECHNOLOGY + world.spill_kind[e]
        for t in range(1, w.price.size):
            spilt = world.spill[e, f] * w.induced[t]
            out[kind] += world.response[to, f, 0, t] * spilt
            for r in range(3):
                out[WELFARE + r] += world.response[to, f, 1 + r, t] * spilt


@borrowed
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
