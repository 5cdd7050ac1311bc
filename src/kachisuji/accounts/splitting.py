"""Making a sector into several: shares of output, recipes of inputs, patterns of sales."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kachisuji.accounts.aggregating import refuse_share
from kachisuji.accounts.arguments import checked
from kachisuji.accounts.balancing import gras
from kachisuji.accounts.economy import Economy
from kachisuji.words import InputError, RunError, nearest

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Plan:
    economy: Economy
    sector: int
    names: tuple[str, ...]
    shares: Floats  # (R, m)

    @property
    def sectors(self) -> tuple[str, ...]:
        """New sector labels: the parts in the place of the old one."""
        old = self.economy.sectors
        return (*old[: self.sector], *self.names, *old[self.sector + 1 :])


@checked
def disaggregate(
    economy: Economy,
    sector: str,
    shares: Mapping[str, Any],
    recipes: Mapping[str, Mapping[str, float]] | None = None,
    sales: Mapping[str, Mapping[str, float]] | None = None,
) -> Economy:
    """Return the table with one sector split into several; added up again it is the old table.

    Every cell of the old sector is kept as the sum of its parts. What the parts sell follows
    ``sales`` and what they buy ``recipes``, as near as those cells allow: both are priors that GRAS
    brings to the totals (Wolsky 1984 for the question; Lindner, Legault and Guan 2012).

    Parameters
    ----------
    sector
        The sector to split, in every region.
    shares
        New name to its share of the sector's output: a number, or one a region (dict by region).
        In every region they add up to one.
    recipes
        New name to inputs per unit of output by (old) sector; what is left to one is value added.
        Inputs come from the regions that the old sector buys from. A part without a recipe buys as
        the old sector does.
    sales
        New name to relative weights of its buyers by sector or final-demand category; buyers not
        named have weight one. A part without weights sells as the old sector does.

    Raises
    ------
    InputError
        On unknown names, shares that do not add up to one, a recipe above one.
    RunError
        When GRAS does not converge, with the gap.
    """
    plan = _plan(economy, sector, shares)
    priors = _recipes(plan, recipes or {})
    rows_Z, rows_Y = _split_rows(plan, sales or {})
    Z = _split_columns(plan, rows_Z, priors)
    published = economy.published_output
    if published is not None:
        published = _by_shares(plan, published[None, :])[0]
    extensions = {
        name: replace(e, values=_by_shares(plan, e.values))
        for name, e in economy.extensions.items()
    }
    return replace(
        economy,
        sectors=plan.sectors,
        Z=Z,
        Y=rows_Y,
        published_output=published,
        extensions=extensions,
        copy=False,
    )


def _plan(economy: Economy, sector: str, shares: Mapping[str, Any]) -> _Plan:
    k = economy.sector_number(sector)
    names = tuple(shares)
    if len(names) < 2:
        raise InputError("accounts.split_few", row=sector)
    for name in names:
        if name != sector and name in economy.sectors:
            raise InputError("accounts.label_twice", what="sectors", label=name)
    table = np.empty((economy.n_regions, len(names)))
    for j, name in enumerate(names):
        given = shares[name]
        if isinstance(given, Mapping):
            for region, share in given.items():
                economy.region_number(region)
                refuse_share(share, row=region, column=name)
            for r, region in enumerate(economy.regions):
                if region not in given:
                    raise InputError("accounts.mapping_lacks", what="region", label=region)
                table[r, j] = given[region]
        else:
            refuse_share(given, row=name)
            table[:, j] = given
    for r, region in enumerate(economy.regions):
        if abs(table[r].sum() - 1.0) > 1e-9:
            raise InputError("accounts.shares_sum", row=region, total=float(table[r].sum()))
    return _Plan(economy, k, names, table)


def _unknown(what: str, label: str, known: Iterable[str]) -> InputError:
    return InputError("accounts.unknown_label", what=what, label=label, known=nearest(label, known))


def _recipes(plan: _Plan, recipes: Mapping[str, Mapping[str, float]]) -> list[Floats | None]:
    """(S,) inputs per unit of output by old sector for each part, or None."""
    found: list[Floats | None] = []
    for name in recipes:
        if name not in plan.names:
            raise _unknown("part", name, plan.names)
    for name in plan.names:
        if name not in recipes:
            found.append(None)
            continue
        inputs = np.zeros(plan.economy.n_sectors)
        for label, share in recipes[name].items():
            refuse_share(share, row=name, column=label)
            inputs[plan.economy.sector_number(label)] += share
        if inputs.sum() > 1.0 + 1e-9:
            raise InputError("accounts.recipe_sum", row=name, total=float(inputs.sum()))
        found.append(inputs)
    return found


def _balanced(prior: Floats, rows: Floats, columns: Floats, what: str) -> Floats:
    # the totals are sums of the same cells; take out the last digit's difference
    total = columns.sum()
    if rows.sum() != 0.0:
        rows = rows * (total / rows.sum())
    result = gras(prior, rows, columns, tolerance=1e-11)
    if not result.converged:
        raise RunError("accounts.not_converged", what=what, gap=result.gap, rounds=result.rounds)
    return result.matrix


def _split_rows(plan: _Plan, sales: Mapping[str, Mapping[str, float]]) -> tuple[Floats, Floats]:
    """(R (S+m-1), n) and (…, R F): rows of the sector split, columns as they were."""
    economy, k = plan.economy, plan.sector
    R, S, n = economy.n_regions, economy.n_sectors, economy.n
    weights = _sales_weights(plan, sales)
    cells = np.hstack([economy.Z, economy.Y])
    blocks = []
    for r in range(R):
        rows = cells[r * S : (r + 1) * S]
        own = rows[k]
        parts = np.outer(plan.shares[r], own)
        if sales and own.any():
            prior = plan.shares[r][:, None] * weights * own
            parts = _balanced(prior, plan.shares[r] * own.sum(), own, economy.regions[r])
        blocks += [rows[:k], parts, rows[k + 1 :]]
    split = np.vstack(blocks)
    return np.ascontiguousarray(split[:, :n]), np.ascontiguousarray(split[:, n:])


def _sales_weights(plan: _Plan, sales: Mapping[str, Mapping[str, float]]) -> Floats:
    """(m, n + R F) weights of every buyer."""
    economy = plan.economy
    codes = [*economy.sectors] * economy.n_regions + [*economy.categories] * economy.n_regions
    known = set(economy.sectors) | set(economy.categories)
    weights = np.ones((len(plan.names), len(codes)))
    for name, buyers in sales.items():
        if name not in plan.names:
            raise _unknown("part", name, plan.names)
        for label, weight in buyers.items():
            if label not in known:
                raise _unknown("buyer", label, (*economy.sectors, *economy.categories))
            refuse_share(weight, row=name, column=label)
            weights[plan.names.index(name)] *= np.where(np.array(codes) == label, weight, 1.0)
    return weights


def _split_columns(plan: _Plan, Z: Floats, recipes: list[Floats | None]) -> Floats:
    """(N, N) with N = R (S+m-1): the columns of the sector split too."""
    economy, k, m = plan.economy, plan.sector, len(plan.names)
    R, S = economy.n_regions, economy.n_sectors
    # which old sector each new row belongs to
    old = np.tile(np.concatenate([np.arange(k + 1), np.full(m - 1, k), np.arange(k + 1, S)]), R)
    columns = []
    for q in range(R):
        mine = Z[:, q * S : (q + 1) * S]
        own, x = mine[:, k], float(economy.x[q * S + k])
        parts = np.outer(own, plan.shares[q])
        if any(recipe is not None for recipe in recipes) and x != 0.0:
            parts = _column_parts(plan, own, x, plan.shares[q], recipes, old, economy.regions[q])
        columns += [mine[:, :k], parts, mine[:, k + 1 :]]
    return np.ascontiguousarray(np.hstack(columns))


def _column_parts(
    plan: _Plan,
    own: Floats,
    x: float,
    shares: Floats,
    recipes: list[Floats | None],
    old: NDArray[np.int_],
    region: str,
) -> Floats:
    """(N, m) inputs of the parts; the last row of the balancing is value added."""
    by_sector = np.bincount(old, weights=own, minlength=plan.economy.n_sectors)
    added = x - own.sum()
    prior = np.empty((len(own) + 1, len(shares)))
    for j, recipe in enumerate(recipes):
        if recipe is None:
            prior[:-1, j], prior[-1, j] = own * shares[j], added * shares[j]
            continue
        # the recipe's input of a sector, from where the old sector got it
        origin = np.where(
            by_sector[old] == 0.0, 0.0, own / np.where(by_sector == 0, 1, by_sector)[old]
        )
        prior[:-1, j] = recipe[old] * origin * shares[j] * x
        prior[-1, j] = (1.0 - recipe.sum()) * shares[j] * x
    # a cell that the old sector buys must have a buyer among the parts; nothing from nothing
    thin = 1e-6 * np.abs(np.append(own, added))[:, None] * shares
    signs = np.sign(np.append(own, added))[:, None]
    prior = np.where(np.abs(prior) < np.abs(thin), thin * signs, prior)
    prior = np.where(np.sign(prior) == signs, prior, thin * signs)
    rows = np.append(own, added)
    return _balanced(prior, rows, shares * x, region)[:-1]


def _by_shares(plan: _Plan, values: Floats) -> Floats:
    """(k, N) rows of accounts, the sector's split by output."""
    economy, k = plan.economy, plan.sector
    pieces = []
    for r in range(economy.n_regions):
        mine = values[:, r * economy.n_sectors : (r + 1) * economy.n_sectors]
        pieces += [mine[:, :k], mine[:, k : k + 1] * plan.shares[r], mine[:, k + 1 :]]
    return np.ascontiguousarray(np.hstack(pieces))
