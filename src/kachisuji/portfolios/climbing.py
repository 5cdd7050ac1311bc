"""Kernels of the local search: moves, their tangent bounds, climbing and kicks."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kachisuji.portfolios.compiling import compiled, compiled_sums

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

LOOKED_AT = 24  # moves valued exactly in one step


class Board(NamedTuple):
    """What the kernels need: a problem reduced to the lines worth looking at.

    Attributes
    ----------
    value
        (M, F) values.
    load
        (M, R) use of scaled limits.
    room
        (R,) their right-hand sides.
    group
        (M,) segment of each line, 0 … S−1, ascending.
    field
        (S,) field of each segment, 0 … , or −1 where it does not count.
    most
        Fields allowed.
    probability
        (F,) weights of the futures.
    best
        (F,) benchmark of regret, or empty for CVaR.
    tail, weight
        Of the risk.
    """

    value: F8
    load: F8
    room: F8
    group: I8
    field: I8
    most: int
    probability: F8
    best: F8
    tail: float
    weight: float


@compiled_sums
def products(table, weights):
    """Rows of a table times weights, those of zero left out.

    Written out because BLAS would start threads for so little, and wait for them on a busy machine.
    """
    some = np.flatnonzero(weights)
    out = np.zeros(table.shape[0])
    if 2 * some.size > weights.size:
        for i in range(table.shape[0]):
            total = 0.0
            for f in range(weights.size):
                total += table[i, f] * weights[f]
            out[i] = total
        return out
    for i in range(table.shape[0]):
        total = 0.0
        for f in some:
            total += table[i, f] * weights[f]
        out[i] = total
    return out


@compiled
def tangent(board, totals, out):
    """Fill the weights of the futures in the tangent at ``totals``; return the objective there."""
    p, w = board.probability, board.weight
    futures = totals.size
    value = 0.0
    for f in range(futures):
        out[f] = (1.0 - w) * p[f]
        value += out[f] * totals[f]
    if w == 0.0:
        return value
    if board.best.size:
        worst, at = -np.inf, 0
        for f in range(futures):
            if p[f] > 0.0 and board.best[f] - totals[f] > worst:
                worst, at = board.best[f] - totals[f], f
        out[at] += w
        return value - w * worst
    order = np.argsort(totals)
    left, risk = board.tail, 0.0
    for f in order:
        mass = min(p[f], left)
        risk += mass * totals[f]
        out[f] += w * mass / board.tail
        left -= mass
        if left <= 0.0:
            break
    return value + w * risk / board.tail


@compiled
def fields_after(board, counts, old1, new1, group1, old2, new2, group2):
    """Fields entered after up to two segments change their lines; counts are by field."""
    change = 0
    f1 = board.field[group1]
    f2 = board.field[group2] if group2 >= 0 else -1
    d1 = (1 if new1 >= 0 else 0) - (1 if old1 >= 0 else 0)
    d2 = ((1 if new2 >= 0 else 0) - (1 if old2 >= 0 else 0)) if group2 >= 0 else 0
    entered = 0
    for n in counts:
        if n > 0:
            entered += 1
    if f1 >= 0 and f1 == f2:
        before, after = counts[f1], counts[f1] + d1 + d2
        change += (1 if after > 0 else 0) - (1 if before > 0 else 0)
        return entered + change
    if f1 >= 0:
        change += (1 if counts[f1] + d1 > 0 else 0) - (1 if counts[f1] > 0 else 0)
    if f2 >= 0:
        change += (1 if counts[f2] + d2 > 0 else 0) - (1 if counts[f2] > 0 else 0)
    return entered + change


@compiled
def fits(board, used, old1, new1, old2, new2):
    """Whether the limits hold after up to two segments change their lines."""
    for r in range(board.room.size):
        u = used[r]
        if old1 >= 0:
            u -= board.load[old1, r]
        if new1 >= 0:
            u += board.load[new1, r]
        if old2 >= 0:
            u -= board.load[old2, r]
        if new2 >= 0:
            u += board.load[new2, r]
        if u > board.room[r] + 1e-9:
            return False
    return True


@compiled
def put(board, chosen, used, counts, totals, group, line):
    """Change the line of one segment (−1: none)."""
    old = chosen[group]
    f = board.field[group]
    if old >= 0:
        used -= board.load[old]
        totals -= board.value[old]
        if f >= 0:
            counts[f] -= 1
    if line >= 0:
        used += board.load[line]
        totals += board.value[line]
        if f >= 0:
            counts[f] += 1
    chosen[group] = line


@compiled
def keep_best(gains, moves, count, gain, group1, line1, group2, line2):
    """Keep a move among the most promising; returns how many there are."""
    if count < gains.size:
        at = count
        count += 1
    else:
        at = gains.argmin()
        if gains[at] >= gain:
            return count
    gains[at] = gain
    moves[at, 0], moves[at, 1], moves[at, 2], moves[at, 3] = group1, line1, group2, line2
    return count


@compiled
def single_moves(board, chosen, used, counts, lin, gains, moves, least):
    """Collect moves of one segment whose tangent gain is above ``least``."""
    count = 0
    for m in range(lin.size):
        g = board.group[m]
        old = chosen[g]
        if m == old:
            continue
        gain = lin[m] - (lin[old] if old >= 0 else 0.0)
        if gain <= least or (count == gains.size and gain <= gains.min()):
            continue
        if fields_after(board, counts, old, m, g, -1, -1, -1) > board.most:
            continue
        if fits(board, used, old, m, -1, -1):
            count = keep_best(gains, moves, count, gain, g, m, -1, -1)
    for g in range(chosen.size):
        old = chosen[g]
        if old >= 0 and -lin[old] > least and fits(board, used, old, -1, -1, -1):
            count = keep_best(gains, moves, count, -lin[old], g, -1, -1, -1)
    return count


@compiled
def double_moves(board, chosen, used, counts, lin, first, gains, moves, least):
    """Collect moves of two segments; the first takes a line of ``first`` (S, n) or gives one up."""
    count = 0
    top = np.full(chosen.size, -np.inf)  # best change a segment could give by itself
    for m in range(lin.size):
        g = board.group[m]
        old = chosen[g]
        gain = lin[m] - (lin[old] if old >= 0 else 0.0)
        top[g] = max(top[g], gain)
    highest = top.max()
    for g1 in range(chosen.size):
        old1 = chosen[g1]
        base1 = lin[old1] if old1 >= 0 else 0.0
        for k in range(first.shape[1] + 1):
            new1 = first[g1, k] if k < first.shape[1] else -1
            if new1 == old1 or (new1 < 0 and k < first.shape[1]):
                continue
            gain1 = (lin[new1] if new1 >= 0 else 0.0) - base1
            floor = max(least, gains.min() if count == gains.size else least)
            if gain1 + highest <= floor:
                continue
            for m in range(lin.size):
                g2 = board.group[m]
                if g2 == g1:
                    continue
                old2 = chosen[g2]
                if m == old2:
                    continue
                gain = gain1 + lin[m] - (lin[old2] if old2 >= 0 else 0.0)
                if gain <= floor:
                    continue
                if fields_after(board, counts, old1, new1, g1, old2, m, g2) > board.most:
                    continue
                if fits(board, used, old1, new1, old2, m):
                    count = keep_best(gains, moves, count, gain, g1, new1, g2, m)
                    floor = max(least, gains.min() if count == gains.size else least)
    return count


@compiled
def take_best(board, chosen, used, counts, totals, gains, moves, count, value):
    """Make the best of the collected moves by exact value; returns the value after it."""
    best, at = value, -1
    spare = np.empty_like(totals)
    weights = np.empty_like(totals)
    order = np.argsort(-gains[:count])
    for i in order:
        if value + gains[i] <= best:
            break
        g1, m1, g2, m2 = moves[i]
        spare[:] = totals
        if chosen[g1] >= 0:
            spare -= board.value[chosen[g1]]
        if m1 >= 0:
            spare += board.value[m1]
        if g2 >= 0:
            if chosen[g2] >= 0:
                spare -= board.value[chosen[g2]]
            if m2 >= 0:
                spare += board.value[m2]
        got = tangent(board, spare, weights)
        if got > best:
            best, at = got, i
    if at >= 0:
        g1, m1, g2, m2 = moves[at]
        put(board, chosen, used, counts, totals, g1, m1)
        if g2 >= 0:
            put(board, chosen, used, counts, totals, g2, m2)
    return best


@compiled
def climb(board, chosen, used, counts, totals, first):
    """Improve until no move of one or two segments does; returns the value."""
    weights = np.empty_like(totals)
    gains = np.empty(LOOKED_AT)
    moves = np.empty((LOOKED_AT, 4), np.int64)
    for _ in range(1000):
        value = tangent(board, totals, weights)
        lin = products(board.value, weights)
        least = 1e-9 * (1.0 + abs(value))
        count = single_moves(board, chosen, used, counts, lin, gains, moves, least)
        after = take_best(board, chosen, used, counts, totals, gains, moves, count, value)
        if after <= value + least:
            count = double_moves(board, chosen, used, counts, lin, first, gains, moves, least)
            after = take_best(board, chosen, used, counts, totals, gains, moves, count, value)
            if after <= value + least:
                return value
    return value


@compiled
def load_state(board, start, chosen, used, counts, totals):
    """Set the state to the lines ``start``, taken in order while they fit."""
    chosen[:] = -1
    used[:] = 0.0
    counts[:] = 0
    totals[:] = 0.0
    for m in start:
        g = board.group[m]
        if chosen[g] >= 0 or fields_after(board, counts, -1, m, g, -1, -1, -1) > board.most:
            continue
        if fits(board, used, -1, m, -1, -1):
            put(board, chosen, used, counts, totals, g, m)


@compiled
def search_from(board, start, first, noise, kicks):
    """Climb from a start, then kick and climb again; returns lines by segment and the value.

    ``noise`` (kicks, S) decides what a kick throws out: the ``k`` chosen segments with the least
    noise, k from two to five, or a line of a field without any, for which a field makes room.
    """
    segments = board.field.size
    fields = max(1, board.field.max() + 1)
    chosen = np.full(segments, -1, np.int64)
    used = np.zeros(board.room.size)
    counts = np.zeros(fields, np.int64)
    totals = np.zeros(board.value.shape[1])
    load_state(board, start, chosen, used, counts, totals)
    best = climb(board, chosen, used, counts, totals, first)
    record = chosen.copy()
    for k in range(kicks):
        out = 2 + k % 4
        order = np.argsort(noise[k])
        if k % 3 == 2:  # throw out a whole field
            gone = -1
            for g in order:
                if chosen[g] >= 0 and board.field[g] >= 0:
                    gone = board.field[g]
                    break
            for g in range(segments):
                if board.field[g] == gone and chosen[g] >= 0:
                    put(board, chosen, used, counts, totals, g, -1)
        else:
            for g in order:
                if out > 0 and chosen[g] >= 0:
                    put(board, chosen, used, counts, totals, g, -1)
                    out -= 1
        for g in order[-3:]:  # and let somebody else in first
            m = first[g, k % first.shape[1]]
            if m < 0 or chosen[g] >= 0 or not fits(board, used, -1, m, -1, -1):
                continue
            if fields_after(board, counts, -1, m, g, -1, -1, -1) <= board.most:
                put(board, chosen, used, counts, totals, g, m)
        value = climb(board, chosen, used, counts, totals, first)
        if value > best + 1e-9 * (1.0 + abs(best)):
            best = value
            record[:] = chosen
        elif value < best - 0.02 * abs(best):
            load_state(board, record[record >= 0], chosen, used, counts, totals)
    return record, best
