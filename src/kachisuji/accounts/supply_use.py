"""Supply and use tables, and the four standard ways from them to an input-output table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kachisuji.accounts.arguments import checked
from kachisuji.accounts.economy import Economy, Extension, per_unit
from kachisuji.words import InputError

Floats = NDArray[np.float64]

MODELS = ("A", "B", "C", "D")


@dataclass(frozen=True, eq=False)
class SupplyUse:
    """A make table and a use table of one region at basic (or producers') prices.

    Attributes
    ----------
    products, industries, categories
        Labels.
    make
        (industries, products) who makes what.
    use
        (products, industries) who uses what as input.
    final
        (products, categories) final demand, imports as a negative category where they are not
        split off.
    primary
        (k, industries) primary inputs by ``primary_items``: wages, taxes, surplus.
    about
        What :class:`Economy` takes beside labels and cells.
    """

    products: tuple[str, ...]
    industries: tuple[str, ...]
    categories: tuple[str, ...]
    make: Floats
    use: Floats
    final: Floats
    primary_items: tuple[str, ...]
    primary: Floats
    region: str
    about: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        p, i, c = len(self.products), len(self.industries), len(self.categories)
        for what, shape in (
            ("make", (i, p)),
            ("use", (p, i)),
            ("final", (p, c)),
            ("primary", (len(self.primary_items), i)),
        ):
            values = np.asarray(getattr(self, what), dtype=float)
            if values.shape != shape:
                raise InputError("accounts.shape", what=what, got=values.shape, want=shape)
            if not np.isfinite(values).all():
                row, column = np.argwhere(~np.isfinite(values))[0]
                raise InputError(
                    "accounts.not_finite",
                    row=int(row) + 1,
                    column=str(column + 1),
                    what=what,
                    value=float(values[row, column]),
                )
            object.__setattr__(self, what, values)

    @property
    def industry_output(self) -> Floats:
        """(industries,) ``g``: row sums of the make table."""
        return self.make.sum(axis=1)

    @property
    def product_output(self) -> Floats:
        """(products,) ``q``: column sums of the make table."""
        return self.make.sum(axis=0)

    def economy(self, model: str = "D") -> Economy:
        """Return the input-output table by one of the four models.

        Eurostat (2008), chapter 11, with make ``M`` (industries, products), use ``U``, industry
        output ``g``, product output ``q``:

        * A, product technology, product by product: ``T = (M')^-1 q`` (needs as many products as
          industries; may give negative cells, which are kept and shown by ``preflight``);
        * B, industry technology, product by product: ``T = g^-1 M``;
        * C, fixed industry sales, industry by industry: ``T = g (M')^-1``;
        * D, fixed product sales, industry by industry: ``T = M q^-1``.

        For A and B ``Z = U T`` and final demand stays; for C and D ``Z = T U`` and ``Y = T F``.
        Products that no industry makes (imports without a home product, used goods) keep a row of
        their own in D, with no column and an output of what final demand leaves: no input is lost.

        Raises
        ------
        InputError
            For an unknown model, or A and C without as many products as industries or with a make
            table that has no inverse.
        """
        if model not in MODELS:
            known = ", ".join(MODELS)
            raise InputError("accounts.unknown_model", model=model, known=known)
        q, g = self.product_output, self.industry_output
        if model in ("A", "C"):
            inverse = self._inverse(model)
        if model in ("A", "B"):
            T = inverse * q if model == "A" else per_unit(self.make.T, g).T
            Z, Y, primary = self.use @ T, self.final, self.primary @ T
            return self._table(self.products, Z, Y, primary)
        if model == "C":
            T = g[:, None] * inverse
            return self._table(self.industries, T @ self.use, T @ self.final, self.primary)
        T = per_unit(self.make, q)
        homeless = np.flatnonzero(q == 0.0)
        Z = np.vstack([T @ self.use, self.use[homeless]])
        Z = np.hstack([Z, np.zeros((len(Z), len(homeless)))])
        Y = np.vstack([T @ self.final, self.final[homeless]])
        names = tuple(self.products[k] for k in homeless)
        primary = np.hstack([self.primary, np.zeros((len(self.primary), len(homeless)))])
        return self._table(self.industries + names, Z, Y, primary)

    def _inverse(self, model: str) -> Floats:
        """(industries, products) inverse of the supply table ``M'``."""
        if len(self.products) != len(self.industries):
            raise InputError(
                "accounts.model_square",
                model=model,
                products=len(self.products),
                industries=len(self.industries),
            )
        try:
            return np.asarray(np.linalg.inv(self.make.T))
        except np.linalg.LinAlgError as error:
            raise InputError("accounts.model_singular", model=model) from error

    def _table(self, sectors: tuple[str, ...], Z: Floats, Y: Floats, primary: Floats) -> Economy:
        accounts = Extension("primary", self.primary_items, primary, self.about.get("unit", ""))
        extensions = {"primary": accounts} if self.primary_items else {}
        return Economy(
            regions=(self.region,),
            sectors=sectors,
            categories=self.categories,
            Z=Z,
            Y=Y,
            extensions=extensions,
            **self.about,
        )


@checked
def split_imports(economy: Economy, imports: str | tuple[str, ...], region: str = "ROW") -> Economy:
    """Turn a national table with competitive imports into one with two regions.

    Imports (the categories named, printed as negative final demand) are taken to be used in
    proportion: of every home use of product ``i``, inputs and final use but not exports, the share
    ``m_i = imports_i / home use_i`` comes from abroad (Miller and Blair 2009, section 4.2.4;
    the ``(I - M)A`` of Japanese tables). The other region makes its sales from nothing; exports are
    bought by it.

    Parameters
    ----------
    imports
        Categories that hold imports, as negative figures.
    region
        Name of the other region.

    Raises
    ------
    InputError
        When the table has several regions, or imports exceed home use for a sector.
    """
    if economy.n_regions != 1:
        raise InputError("accounts.one_region", got=economy.n_regions)
    names = (imports,) if isinstance(imports, str) else imports
    taken = [economy.category_number(name) for name in names]
    imported = economy.Y[:, taken]
    bought = -np.minimum(imported, 0.0).sum(axis=1)
    rest = np.maximum(imported, 0.0)
    demand = np.array(economy.Y)
    demand[:, taken] = rest
    sold = [k for k in range(economy.n_categories) if k not in taken or demand[:, k].any()]
    abroad = [k for k in sold if economy.categories[k] in economy.exports_categories]
    home = [k for k in sold if k not in abroad and k not in taken]
    used = economy.Z.sum(axis=1) + demand[:, home].sum(axis=1)
    share = np.where(bought == 0.0, 0.0, bought / np.where(used == 0.0, 1.0, used))
    wrong = np.flatnonzero((share < 0.0) | (share > 1.0 + 1e-9) | ((used == 0.0) & (bought != 0.0)))
    if len(wrong):
        k = int(wrong[0])
        raise InputError(
            "accounts.imports_exceed",
            row=economy.sectors[k],
            imports=float(bought[k]),
            used=float(used[k]),
        )
    n, F = economy.n, len(sold)
    Z = np.zeros((2 * n, 2 * n))
    Y = np.zeros((2 * n, 2 * F))
    Z[:n, :n], Z[n:, :n] = (1.0 - share)[:, None] * economy.Z, share[:, None] * economy.Z
    for j, k in enumerate(sold):
        if k in abroad:
            Y[:n, F + j] = demand[:, k]
        elif k in taken:
            Y[:n, j] = demand[:, k]
        else:
            Y[:n, j] = (1.0 - share) * demand[:, k]
            Y[n:, j] = share * demand[:, k]
    categories = tuple(economy.categories[k] for k in sold)
    return two_regions(economy, Z, Y, categories, region)


def two_regions(
    economy: Economy, Z: Floats, Y: Floats, categories: tuple[str, ...], region: str
) -> Economy:
    """Return the table of a home region and another; accounts of the other are nil."""
    n = economy.n
    kept = [economy.category_number(c) for c in categories]
    extensions = {
        name: replace(
            e,
            values=np.hstack([e.values, np.zeros((len(e.items), n))]),
            final=None
            if e.final is None
            else np.hstack([e.final[:, kept], np.zeros((len(e.items), len(kept)))]),
        )
        for name, e in economy.extensions.items()
    }
    return replace(
        economy,
        regions=(economy.regions[0], region),
        categories=categories,
        Z=Z,
        Y=Y,
        published_output=None,
        extensions=extensions,
        stock_changes=tuple(c for c in economy.stock_changes if c in categories),
        exports_categories=tuple(c for c in economy.exports_categories if c in categories),
        copy=False,
    )
