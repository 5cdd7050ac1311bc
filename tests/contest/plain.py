"""The contest a second time, in plain Python, written from docs/contest.md and not from the kernel.

Slow and direct: dictionaries, no scratch arrays. Only for comparison.
"""

import math

from kachisuji.contest import symbols as sym


def adopted(p, t):
    """Bass in Bass's own form: F after the time at which F reached the base year's level, and t."""
    new, copy, start = p[sym.INNOVATION], p[sym.ADOPTION_SPEED], p[sym.ADOPTION]
    if new == 0.0:
        odds = start / (1 - start) * math.exp(copy * t)
        return odds / (1 + odds) - start
    rate = new + copy
    before = math.log((1 + start * copy / new) / (1 - start)) / rate
    decay = math.exp(-rate * (before + t))
    return (1 - decay) / (1 + copy / new * decay) - start


def firms(p, g, size, t):
    """Number of firms and the margin over its base, year by year up to t."""
    n = 1.0
    for year in range(t + 1):
        level = adopted(p, year)
        margin = (1 - g[sym.SATURATION_MARGIN] * level) * n ** -p[sym.MARGIN_EROSION]
        if year == t:
            return n, margin
        start = p[sym.ADOPTION]
        carried = size[:, year].sum() / size[:, 0].sum() * margin * (1 - level - start)
        carried /= 1 - start
        n += p[sym.ENTRY_SPEED] * max(0.0, carried - n)
        n = max(0.01, n - p[sym.EXIT_SPEED] * max(0.0, n - carried))
    raise AssertionError


def plain_path(world, arena, f, package=None, start=1, intensity=0.0, partner=None, hit=None):
    """Home sales by year (list of lists over markets), price index, induced spending, money."""
    s = arena // 2
    p, g = dict(enumerate(world.symbols[2 * s, f])), world.cross[f]
    if arena % 2:  # what a niche is, relative to the whole
        q = world.symbols[arena, f]
        for symbol, ratio, most in (
            (sym.LEARNING_RATE, sym.NICHE_LEARNING, 0.9),
            (sym.CRAFT, sym.NICHE_CLOSENESS, 1.0),
            (sym.PHI, sym.NICHE_CLOSENESS, 1.5),
        ):
            p[symbol] = min(most, p[symbol] * q[ratio])
        p |= {k: q[k] for k in (sym.NICHE_LEAK, sym.NICHE_FIXED, sym.NICHE_MARGIN)}
    s0, size, rivals = world.share0[arena, f], world.size[arena, f], world.rivals[arena, f]
    n_r, n_m = s0.shape
    last = size.shape[1] - 1
    h, hm = world.home, world.home_market
    regions, markets = range(n_r), range(n_m)
    unborn = bool(world.unborn[s])
    deal, gone = {}, 10**6
    if partner is not None:
        pair = world.pair[s, partner]
        deal, gone = world.deal[pair, f], world.gone[pair, f]
    loose = 0.0
    if package is not None:
        parts, claw, _, withdrawable = world.rules[package]
        loose = 1.0 if parts > 1 else max(claw, withdrawable)
    credible = 1 - g[sym.WITHDRAWAL] * loose
    fixed = p[sym.FIXED_PART] * p[sym.SCALE] * p[sym.NICHE_FIXED]
    narrow = p[sym.NICHE_LEAK]

    def lever(j, t):
        total = 0.0
        for i in world.packages[package] if package is not None else []:
            begins = start + world.delay[i]
            if i >= 0 and max(1, begins) <= t < begins + world.duration[i]:
                total += world.effect[i, f, j] * min(1.0, intensity)
        return total

    items = [i for i in world.packages[package] if i >= 0] if package is not None else []
    share = sum(world.money_share[i] for i in items)
    mean = {
        k: sum(world.money_share[i] * world.money[i, f, k] for i in items) / share if share else 0.0
        for k in (0, 1)
    }
    own0 = rivals[h, 0]

    def public(t):
        return intensity * own0 * share if start <= t < start + world.spend_years else 0.0

    def bought(t):
        on = start <= t < start + world.spend_years
        return own0 * lever(sym.LEVER_PROCUREMENT, t) if on else 0.0

    total0 = size[:, 0].sum()
    first = [sum(s0[r, m] * size[m, 0] for m in markets) / total0 for r in regions]
    k_hat = [1.0] * n_r
    cost = [1.0] * n_r
    base_open = 0.0 if unborn else 1.0
    real = [first[r] * total0 * base_open for r in regions]
    stock = [first[r] * total0 * p[sym.EXPERIENCE] for r in regions]
    world_share = list(first)
    spending = {0: [1.0] * n_r}
    skill = 1.0
    sales = [[s0[h, m] * size[m, 0] * base_open for m in markets]]
    index, induced, profit = [0.0], [0.0], 0.0
    for t in range(1, last + 1):
        trend = (1 + p[sym.GROWTH]) ** t
        now, extra = [], 0.0
        joined = partner if t < gone else None
        retained = firms(p, g, size, t)[1] ** p[sym.REINVESTMENT]
        believed = credible * lever(sym.LEVER_COMMITMENT, t)
        for r in regions:
            if first[r] <= 0 or rivals[r, 0] <= 0:
                now.append(1.0)
                continue
            own = (1 + rivals[r, 2]) ** t * (world_share[r] / first[r]) ** p[sym.IOTA] * retained
            if r == h:
                sunk = fixed * (1 - min(1.0, lever(sym.LEVER_CONSOLIDATION, t)))
                building = max(0.0, public(t) * (1 - g[sym.CAPTURE]) - sunk)
                ell = credible * mean[1] / (1 + g[sym.LEVERAGE_DECAY] * building / own0)
                money = (1 - mean[0]) * (1 + ell) * building
                forced = (lever(sym.LEVER_PRIVATE_INVESTMENT, t) + g[sym.VISION] * believed) * own
                now.append(own + p[sym.PHI] * money / own0 / trend + forced)
                extra = money + forced * own0 * trend
            else:
                now.append(own + rivals[r, 1] * public(t - 1) / rivals[r, 0] / trend)
        spending[t] = now
        induced.append(extra)
        lagged = spending[max(0, t - int(p[sym.LAG] + 0.5))]
        rate = p[sym.DELTA] + p[sym.GROWTH]
        k_hat = [
            ((1 - p[sym.DELTA]) * k_hat[r] + rate * lagged[r]) / (1 + p[sym.GROWTH])
            for r in regions
        ]
        leak = (
            min(1.0, p[sym.KAPPA] * (1 + g[sym.SATURATION_ADOPTION_KAPPA] * adopted(p, t))) * narrow
        )
        leak_home = leak * (1 - p[sym.CRAFT] * skill) * max(0.0, 1 + lever(sym.LEVER_KAPPA, t))

        told = deal[sym.LEAK] if joined is not None and t >= start else 0.0
        shown = min(1.0, leak_home + told)

        def effective(q, r, leak=leak, leak_home=leak_home, shown=shown, joined=joined):
            from_home = shown if r == joined else leak_home
            others = (q[o] * (from_home if o == h and r != h else leak) for o in regions if o != r)
            return q[r] + sum(others)

        new = [stock[r] + real[r] for r in regions]
        for r in regions:
            rate = p[sym.LEARNING_RATE]
            if r == h:
                rate = min(0.9, rate + lever(sym.LEVER_LEARNING_RATE, t))
            before, after = effective(stock, r), effective(new, r)
            if before > 0:
                cost[r] *= (after / before) ** math.log2(1 - rate)
        stock = new
        ripe = adopted(p, t)
        eps = p[sym.EPSILON] * (1 + g[sym.SATURATION_ADOPTION_EPSILON] * ripe)
        pool, coalition = lever(sym.LEVER_POOLING, t), lever(sym.LEVER_STANDARDS, t)
        if joined is not None:
            pool *= 1 - (1 - deal[sym.TRUST]) * (2 / 3) ** max(0, t - start)
        attract = []
        for r in regions:
            if first[r] <= 0:
                attract.append(0.0)
                continue
            k, c, base, quality = k_hat[r], cost[r], world_share[r], 1.0
            if r == h:
                c *= g[sym.EXCHANGE] ** (t / last)
                quality = skill ** (p[sym.ALPHA] * p[sym.CRAFT])
                quality *= math.exp(lever(sym.LEVER_QUALITY, t) + g[sym.VISION_TALENT] * believed)
                c *= math.exp(-lever(sym.LEVER_COST, t))
                if joined is not None:
                    moved = lever(sym.LEVER_SITE, t) * deal[sym.SITE_PART]
                    c *= 1 - moved * (deal[sym.SITE_SAVING] - deal[sym.SITE_MAINTENANCE])
                    quality *= math.exp(-moved * deal[sym.SITE_QUALITY])
            if joined is not None and r in (h, partner):
                gain = world.boost[world.pair[s, partner], f, 0 if r == h else 1]
                k *= math.exp(pool * gain)
                base += coalition * world_share[partner if r == h else h]
            attract.append(k ** p[sym.ALPHA] * (base / first[r]) ** p[sym.NU] * c**-eps * quality)
        is_open = 1.0
        if unborn:
            opens = p[sym.BIRTH] - lever(sym.LEVER_BIRTH, t)
            is_open = 1.0 if world.first_year + t - 1 >= opens else 0.0
        sold, row, home_index = [0.0] * n_r, [], 0.0
        for m in markets:
            a = [s0[r, m] * attract[r] for r in regions]
            if m != hm and world.target[0, m] > 0:
                a[h] *= (1 - min(0.9, lever(sym.LEVER_ACCESS, t))) ** -eps
            if t >= world.closed[s, f, m]:
                a[h] *= (1 + world.tax[s, f, m]) ** -eps
            if m == hit and t > start:
                a[h] *= (1 + g[sym.RETALIATION_TARIFF]) ** -eps
            if m == hm:
                rise = (1 + lever(sym.LEVER_BARRIER, t) + lever(sym.LEVER_DUTY, t)) ** -eps
                a = [v if r == h else v * rise for r, v in enumerate(a)]
                home_index = math.log(sum(a)) * is_open
            for r in regions:
                sold[r] += a[r] / sum(a) * size[m, t]
            row.append(a[h] / sum(a) * size[m, t] * is_open)
        sales.append(row)
        index.append(home_index)
        world_share = [v / size[:, t].sum() for v in sold]
        real = [is_open * (sold[r] + (bought(t) if r == h else 0.0)) / cost[r] for r in regions]
        if partner is not None:
            margin = p[sym.MARGIN] * p[sym.NICHE_MARGIN] * firms(p, g, size, t)[1]
            profit += world.discount[0, t] * sold[partner] * is_open * margin
        if p[sym.CRAFT] > 0:
            kept = min(1.0, max(0.0, lever(sym.LEVER_HANDOVER, t)))
            needed = p[sym.TRAINERS] * sum(row) * kept
            if needed > 0:
                kept *= min(1.0, world.pool[2, t] / needed + lever(sym.LEVER_TRAINERS, t))
            skill *= 1 - p[sym.CRAFT_DECAY] * (1 - kept)
    return sales, index, induced, profit
