"""How far lines get: home's share of some markets in one year, line by line, future by future."""

from __future__ import annotations

from kachisuji.contest.compiled import compiled
from kachisuji.contest.kernel import (
    begin_line,
    look,
    play,
    play_line,
    play_on,
    scratch,
    without_levers,
)
from kachisuji.contest.path import WORLD_SHARE


@compiled
def share_reached(world, lines, weight, year, out):
    """Fill ``out`` (L, F) with home's share of the markets of ``weight`` (M) in year ``year``.

    A line of intensity zero is the path without policy: none of its side effects, retaliation
    least of all, happens. What the state buys is no part of the share. A market not yet born
    counts as not won.
    """
    alone, joined = scratch(world), scratch(world)
    for n in range(lines.segment.size):
        arena = 2 * lines.segment[n] + lines.niche[n]
        for f in range(world.cross.shape[0]):
            taken = False
            if lines.intensity[n] > 0.0:
                taken = play_line(world, lines, n, f, alone, joined)
            else:
                without_levers(alone)
                play(look(world, arena, f, lines.group[n]), alone, -1, -1, 0)
            sales = joined.sales if taken else alone.sales
            sold, size = 0.0, 0.0
            for m in range(weight.size):
                sold += weight[m] * sales[m, year]
                size += weight[m] * world.size[arena, f, m, year]
            out[n, f] = sold / size if size > 0.0 else 0.0


@compiled
def sales_by_seller(world, lines, out):
    """Fill ``out`` (L, F, 2, R): sales of the last year by seller, without and with the line.

    Lines without a partner: the state after the last year is that of the line played alone.
    """
    w = scratch(world)
    last = world.size.shape[3] - 1
    for n in range(lines.segment.size):
        arena = 2 * lines.segment[n] + lines.niche[n]
        for f in range(world.cross.shape[0]):
            total = world.size[arena, f, :, last].sum()
            scene = look(world, arena, f, lines.group[n])
            without_levers(w)
            play(scene, w, -1, -1, 0)
            out[n, f, 0] = w.state[WORLD_SHARE] * total
            skill = begin_line(world, lines, n, f, scene, w)
            play_on(lines.start[n], last + 1, scene, w, -1, skill)
            out[n, f, 1] = w.state[WORLD_SHARE] * total
