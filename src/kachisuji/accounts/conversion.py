"""Other currencies, other units, other years' prices."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kachisuji.accounts.arguments import checked
from kachisuji.accounts.economy import Economy
from kachisuji.words import InputError

Floats = NDArray[np.float64]


@checked
def convert(
    economy: Economy, *, rate: float, currency: str | None = None, unit: str | None = None
) -> Economy:
    """Return the table with every flow multiplied by ``rate``.

    Extensions in the table's own money (value added as printed) go along; jobs and tonnes stay.

    Parameters
    ----------
    rate
        New units for one old: 110 from million dollars to million yen at 110 yen a dollar, 1e-3
        from million to billion.
    currency, unit
        What the figures are then in; None leaves what it says.
    """
    if not np.isfinite(rate) or rate <= 0.0:
        raise InputError("accounts.rate", rate=rate)
    published = economy.published_output
    new_currency = economy.currency if currency is None else currency
    new_unit = economy.unit if unit is None else unit
    money = f"{economy.unit} {economy.currency}"
    extensions = {
        name: replace(
            e,
            values=e.values * rate,
            final=None if e.final is None else e.final * rate,
            unit=f"{new_unit} {new_currency}",
        )
        if e.unit == money
        else e
        for name, e in economy.extensions.items()
    }
    return replace(
        economy,
        Z=economy.Z * rate,
        Y=economy.Y * rate,
        published_output=None if published is None else published * rate,
        currency=new_currency,
        unit=new_unit,
        extensions=extensions,
        copy=False,
    )


@checked
def deflate(economy: Economy, prices: ArrayLike, price_year: int) -> Economy:
    """Return the table in another year's prices.

    Each row is divided by the price of its product (``1.1`` where it costs a tenth more in the
    table's year than in ``price_year``); value added follows as what is left (double deflation;
    Miller and Blair 2009, section 4.8). A buyer pays every seller's own price.

    Parameters
    ----------
    prices
        (n,) price of each (region, sector), the table's year over ``price_year``; an array in the
        table's order or a Series by label.
    """
    p = prices.reindex(economy.index).to_numpy(float) if hasattr(prices, "reindex") else prices
    p = np.asarray(p, dtype=float)
    if p.shape != (economy.n,):
        raise InputError("accounts.shape", what="prices", got=p.shape, want=(economy.n,))
    wrong = np.flatnonzero(~(np.isfinite(p) & (p > 0.0)))
    if len(wrong):
        k = int(wrong[0])
        raise InputError("accounts.price", row=" ".join(economy.label(k)), value=float(p[k]))
    published = economy.published_output
    return replace(
        economy,
        Z=economy.Z / p[:, None],
        Y=economy.Y / p[:, None],
        published_output=None if published is None else published / p,
        currency=f"{economy.currency} (prices of {price_year})",
        copy=False,
    )
