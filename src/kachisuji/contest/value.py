"""What a line's path is worth: equation 9, counted as differences, and the two kinds of power."""

from __future__ import annotations

from kachisuji.contest.compiled import borrowed, inlined
from kachisuji.contest.elementary import log
from kachisuji.contest.lifecycle import EPSILON_T, FEWER, MARGIN_T
from kachisuji.contest.path import RISE, born
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
    LEVER_BARRIER,
    LEVER_DUTY,
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
    DUTIES,
) = range(24)
# one year's value by kind (Scratch.pieces): own and suppliers' value added, income from abroad,
# users' surplus, knowledge, net benefit, paid by treasury and firms, the partner's profit, what
# failures cost, duties on what rivals sell
(
    OWN,
    SUPPLIERS,
    ABROAD,
    USERS,
    LEARNT,
    NET,
    TREASURY,
    BY_FIRMS,
    TO_PARTNER,
    HAZARDS,
    ON_RIVALS,
) = range(11)
N_PIECES = 11
P_MONEY, P_LABOUR, P_VALUE_ADDED, P_SALES = 0, 1, 5, 6
N_SKILLS, CRAFT_SKILL = 4, 2


@inlined
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


@inlined
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


@inlined
def first_share(world, s, f):
    """Home's share of the whole segment over all markets in the base year."""
    sold, total = 0.0, 0.0
    for m in range(world.size.shape[2]):
        sold += world.share0[2 * s, f, world.home, m] * world.size[2 * s, f, m, 0]
        total += world.size[2 * s, f, m, 0]
    return sold / total


@borrowed
def set_base_power(world, s, f):
    """Fill ``base_power``: both kinds of power and the loss in the last year without policy."""
    last = world.size.shape[3] - 1
    first, base, total = first_share(world, s, f), 0.0, 0.0
    for m in range(world.size.shape[2]):
        base += world.base_sales[2 * s, f, m, last]
        total += world.size[2 * s, f, m, last]
    for k in range(world.product.shape[1]):
        j = world.product[s, k]
        if j >= 0 and first > 0.0:
            needed, exposed, lost = power(world, j, f, base / total / first)
            world.base_power[s, k, f, 0] = needed
            world.base_power[s, k, f, 1] = exposed
            world.base_power[s, k, f, 2] = lost


@inlined
def add_power(world, s, f, share, first, out):
    """Add the change of indispensability and exposure in the last year, in percent of GDP.

    Returns by how much more users abroad would lose without home's supply, in money.
    """
    feared = 0.0
    for k in range(world.product.shape[1]):
        j = world.product[s, k]
        if j < 0 or first <= 0.0:
            continue
        needed, exposed, lost = power(world, j, f, share / first)
        before = world.base_power[s, k, f]
        feared += lost - before[2]
        out[INDISPENSABILITY] += 100.0 * (needed - before[0])
        out[EXPOSURE] += 100.0 * (exposed - before[1])
    return feared


@inlined
def add_year(discounts, pieces, out):
    """Discount one year's pieces."""
    d = discounts[0]
    out[VALUE_ADDED] += d * (pieces[OWN] + pieces[SUPPLIERS])
    out[SPILLOVER] += d * pieces[SUPPLIERS]
    out[GNI] += d * (pieces[OWN] + pieces[SUPPLIERS] + pieces[ABROAD])
    out[USER_SURPLUS] += d * pieces[USERS]
    out[KNOWLEDGE_GAIN] += d * pieces[LEARNT]
    for r in range(3):
        out[WELFARE + r] += discounts[r] * pieces[NET]
    out[PUBLIC_COST] += d * pieces[TREASURY]
    out[FIRM_COST] += d * pieces[BY_FIRMS]
    out[PARTNER_RENT] += d * pieces[TO_PARTNER]
    out[HAZARD_COST] += d * pieces[HAZARDS]
    out[DUTIES] += d * pieces[ON_RIVALS]


@inlined
def yearly_sums(sales, base):
    """Sales of a year with and without the line, over all markets."""
    total, total0 = 0.0, 0.0
    for m in range(sales.size):
        total += sales[m]
        total0 += base[m]
    return total, total0


@inlined
def where_made(cross, w, t, sales):
    """Of ``sales``, what is made abroad, and what is left at home: some of it is displaced."""
    outward = w.lever[LEVER_OUTWARD, t] * sales
    return outward, sales - cross[DISPLACEMENT] * outward


@inlined
def contract_rent(world, arena, f, w):
    """Find the partner's part, by contract, of the profit on what the line adds, discounted."""
    symbols, years, total = world.symbols[arena, f], w.price.size, 0.0
    if w.deal[CONTRACT_SHARE] == 0.0:
        return 0.0
    for t in range(1, min(years, w.gone[0])):
        margin = world.season[arena // 2, f, t, MARGIN_T] * symbols[NICHE_MARGIN]
        sales, base = yearly_sums(w.sales[:, t], world.base_sales[arena, f, :, t])
        _, made = where_made(world.cross[f], w, t, sales)
        total += world.discount[0, t] * owners(symbols, w, t, margin, made - base)[1]
    return total


@inlined
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


@inlined
def made_at_home(world, arena, f, t, w, sales, base, margin, pieces):
    """Count value added on what is made, at home and abroad, against ``base``.

    Production moved abroad (``outward``) displaces some at home and earns its margin; where the
    partner is the site of suppliers, that part of their value added is its own. Returns sales made
    at home, those made abroad, and the profit of foreign owners.
    """
    recipe, symbols = world.recipe_value[arena // 2], world.symbols[arena, f]
    outward, made = where_made(world.cross[f], w, t, sales)
    change, final = made - base, symbols[FINAL_SHARE]
    own, bought = recipe[0] + symbols[RECIPE_OWN], max(1e-12, 1.0 - recipe[0])
    # shares add to one: more own, less bought
    up = recipe[1] * max(0.0, 1.0 - symbols[RECIPE_OWN] / bought)
    up = (up + symbols[RECIPE_SUPPLIERS]) * final
    pieces[OWN] = own * final * change
    pieces[SUPPLIERS] = up * change
    moved = w.lever[LEVER_SITE, t] * w.deal[SITE_PART] if t < w.gone[0] else 0.0
    if moved > 0.0:
        pieces[SUPPLIERS] -= min(1.0, moved / max(1e-9, 1.0 - own)) * up * made
    rents, pieces[TO_PARTNER] = owners(symbols, w, t, margin, change)
    earned = symbols[OFFSHORE] * margin * change + margin * outward
    pieces[ABROAD] = earned - rents - pieces[TO_PARTNER]
    return made, outward, rents


@inlined
def users(world, arena, f, t, w, pieces):
    """Count what home users gain by the price, and the duties that rivals' goods bring in.

    ``user_gain`` is the part they keep of what makes the segment cheaper; what a barrier adds to
    the price they bear whole. The barrier's part of the index is ``ln(s + (1 − s)(1 + τ)^ε)``, s
    home's share of its own market behind it; of τ the part that is a duty comes back,
    ``duty/(1 + τ)`` of what rivals sell there. Both are zero without a barrier.
    """
    s, home, symbols = arena // 2, world.home_market, world.symbols[arena, f]
    size, rise, burden = world.size[arena, f, home, t], w.plan[RISE, t], 0.0
    pieces[ON_RIVALS] = 0.0
    is_open = world.unborn[s] == 0 or born(symbols, w.lever, t, world.first_year)
    if rise != 1.0 and is_open and size > 0.0:
        theirs = 1.0 - w.sales[home, t] / size
        burden = log(1.0 - theirs + theirs / rise)
        duty = w.lever[LEVER_DUTY, t]
        pieces[ON_RIVALS] = duty / (1.0 + w.lever[LEVER_BARRIER, t] + duty) * theirs * size
    fall = w.price[t] + burden - world.base_index[arena, f, t]
    kept = symbols[USER_GAIN] * fall - burden
    pieces[USERS] = kept / world.season[s, f, t, EPSILON_T] * size


@inlined
def paid_for(symbols, cross, t, w, pieces):
    """Count what the state and firms pay in a year, and what failures of government cost.

    Returns money that is lost outright: overruns and what seeking public money uses up.
    """
    state = w.money[STATE_COST, t]
    lost = state * symbols[OVERRUN] + cross[CAPTURE] * w.money[TO_CAPABILITY, t]
    pieces[TREASURY] = state * (1.0 + symbols[OVERRUN])
    pieces[BY_FIRMS] = w.terms[FIRMS] if state > 0.0 and t < w.terms[END] else 0.0
    pieces[HAZARDS] = lost + w.money[AFTER_END, t] - w.money[TAKEN_BACK, t]
    return lost


@borrowed
def value_line(world, arena, f, w, out, path):
    """Outcome differences of the line in ``w`` against the path without policy.

    ``W_t = ΔVA_own + ρ·ΔVA_suppliers − Σ ω·ΔL − (r+d)ΔK − (r+δ)K_policy − ξG − waste − firms' cost
    − rents to foreign owners and partners + return on outward investment + knowledge + user
    surplus + duties`` (equation 9). Policy-induced capability is charged as a yearly rental over
    its life, so that late starts are not punished by the horizon; windfall is a transfer and costs
    only the excess burden. Where lines played together raise wages, workers gain what home
    users lose by it, and it is added in the same measure. The part of spending that works in a
    named segment has its gain counted there (``spill_value``) and not once more as general
    knowledge.
    """
    s, home, years = arena // 2, world.home_market, w.price.size
    symbols, cross, pieces = world.symbols[arena, f], world.cross[f], w.pieces
    stock, lag = 0.0, max(1, int(symbols[LAG] + 0.5))
    knowledge = symbols[KNOWLEDGE] * (1.0 - world.shared[s, f])
    capital = (cross[INTEREST] + cross[CAPITAL_DECAY]) * symbols[CAPITAL] * symbols[FINAL_SHARE]
    for t in range(1, years):
        season, row = world.season[s, f, t], path[t - 1]
        margin = season[MARGIN_T] * symbols[NICHE_MARGIN]
        sales, base = yearly_sums(w.sales[:, t], world.base_sales[arena, f, :, t])
        made, outward, rents = made_at_home(world, arena, f, t, w, sales, base, margin, pieces)
        stock = stock * (1.0 - symbols[DELTA]) + (w.induced[t - lag] if t > lag else 0.0)
        work = labour_needed(
            symbols, cross, season[FEWER], made, base, w.lever[LEVER_LABOUR_SAVING, t],
            w.induced[t], row,
        )  # fmt: skip
        row[P_LABOUR + CRAFT_SKILL] += w.teach[t]
        work += cross[WAGE_RESEARCHER + CRAFT_SKILL] * w.teach[t]
        users(world, arena, f, t, w, pieces)
        pieces[LEARNT] = knowledge * w.induced[t]
        lost = paid_for(symbols, cross, t, w, pieces)
        pieces[NET] = (
            pieces[OWN] + cross[SPILLOVER_RENT] * pieces[SUPPLIERS] - rents - pieces[TO_PARTNER]
            + pieces[USERS] + pieces[LEARNT] + pieces[ON_RIVALS]
            + (margin - cross[INTEREST] * symbols[CAPITAL]) * outward
            - work * symbols[FINAL_SHARE] - pieces[BY_FIRMS] - lost - w.money[RUNNING, t]
            - cross[PUBLIC_FUNDS] * pieces[TREASURY] - capital * (made - base)
            - (cross[INTEREST] + symbols[DELTA]) * stock
            + w.wage[t] * symbols[USER_GAIN] * w.sales[home, t]
        )  # fmt: skip
        add_year(world.discount[:, t], pieces, out)
        out[DIGITAL_BALANCE] += world.digital[s] * (made - base) / (years - 1)
        row[P_MONEY] = pieces[TREASURY]
        row[P_VALUE_ADDED] = pieces[OWN] + pieces[SUPPLIERS]
        row[P_SALES] = made - base
    out[FORWARD] = world.forward[s] * out[USER_SURPLUS]
    feared = last_year(world, arena, f, w, out)
    add_markup(world, arena, f, w, feared, out)


@inlined
def last_year(world, arena, f, w, out):
    """Share, sales and power in the last year; a niche counts inside its whole segment.

    Returns by how much more users abroad would lose without home's supply, in money a year.
    """
    s, last = arena // 2, w.price.size - 1
    base, change, total = 0.0, 0.0, 0.0
    for m in range(world.size.shape[2]):
        base += world.base_sales[2 * s, f, m, last]
        change += w.sales[m, last] - world.base_sales[arena, f, m, last]
        total += world.size[2 * s, f, m, last]
    out[SALES_LAST] = change
    out[SHARE_LAST] = change / total
    return add_power(world, s, f, (base + change) / total, first_share(world, s, f), out)


@inlined
def lerner(share, inverse, outer):
    """Margin over price of a region with this share, ``1/ε(s) = (1 − s)/ε + s/η``, at most 0.99.

    η is the elasticity between segments (quantity competition; Atkeson and Burstein 2008,
    Pricing-to-market, equation 9); ``inverse`` and ``outer`` are 1/ε and 1/η. The markup over cost
    is ``1/(1 − 1/ε(s))``.
    """
    return min(0.99, (1.0 - share) * inverse + share * outer)


@inlined
def add_markup(world, arena, f, w, feared, out):
    """Bound what being needed could add to export prices, and the part firms are taken to charge.

    The bound of a year is the lesser of two: the markup that the larger share would carry under
    quantity competition, on exports; and what users abroad would lose more without home's supply
    (``feared``, of the last year), for nobody pays more for a supply than its loss would cost.
    Neither is part of value added, GNI or welfare.
    """
    s, home = arena // 2, world.home_market
    symbols, outer = world.symbols[arena, f], 1.0 / max(1.01, world.cross[f, OUTER_ELASTICITY])
    if feared <= 0.0:
        return
    for t in range(1, w.price.size):
        sales, base = yearly_sums(w.sales[:, t], world.base_sales[arena, f, :, t])
        total = 0.0
        for m in range(world.size.shape[2]):
            total += world.size[arena, f, m, t]
        if total <= 0.0 or sales <= base:
            continue
        inverse, part = 1.0 / max(1.01, world.season[s, f, t, EPSILON_T]), 1.0 / total
        before, now = lerner(base * part, inverse, outer), lerner(sales * part, inverse, outer)
        rise = (1.0 - before) / (1.0 - now) - 1.0
        exports = sales - w.sales[home, t]
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
