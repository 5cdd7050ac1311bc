"""Exponential and logarithm in plain arithmetic, so that a loop over regions runs in vectors.

The C library is called one number at a time; half of the kernel's time was spent there. Both are
within two units in the last place of it (a test), and give the same bits wherever they are called.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic

from kachisuji.contest.compiled import inlined

_LOG2E = 1.4426950408889634
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_SHIFT = 6755399441055744.0  # 1.5 · 2^52: adding it leaves the nearest integer in the low bits
_BIASED = 4503599627370496.0 + 1023.0  # 2^52 and the bias of an exponent


@intrinsic
def fma(typing: Any, a: Any, b: Any, c: Any) -> Any:
    """``a·b + c`` rounded once: the same bits wherever it is called.

    One instruction where the processor has it; elsewhere the C library's, right and slow.
    """
    del typing, a, b, c

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        del context, signature
        return builder.fma(*args)

    return types.float64(types.float64, types.float64, types.float64), code


@inlined
def exp(x):
    """e^x for one number, |x| held to 700: ``2^n · P(x − n ln 2)``, P the series to degree 13.

    Terms are added in pairs (Estrin 1960), so that they need not wait for one another.
    """
    x = min(700.0, max(-700.0, x))
    shifted = fma(x, _LOG2E, _SHIFT)
    n = shifted - _SHIFT
    r = fma(n, -_LN2_LOW, fma(n, -_LN2_HIGH, x))
    r2 = r * r
    r4 = r2 * r2
    low = fma(fma(r, 1.0 / 120.0, 1.0 / 24.0), r2, fma(r, 1.0 / 6.0, 0.5))
    middle = fma(fma(r, 1.0 / 362880.0, 1.0 / 40320.0), r2, fma(r, 1.0 / 5040.0, 1.0 / 720.0))
    high = fma(
        fma(r, 1.0 / 6227020800.0, 1.0 / 479001600.0), r2,
        fma(r, 1.0 / 39916800.0, 1.0 / 3628800.0),
    )  # fmt: skip
    p = fma(r2, fma(fma(high, r4, middle), r4, low), r)
    bits = (np.float64(shifted).view(np.int64) + np.int64(1023)) << np.int64(52)
    power = np.int64(bits).view(np.float64)
    return fma(p, power, power)


@inlined
def log(x):
    """Ln x for one normal positive number: exponent plus the series of ``2 artanh(f/(2 + f))``."""
    bits = np.float64(x).view(np.int64)
    # raised so that the mantissa comes to lie between √½ and √2, and the exponent is not negative
    raised = np.uint64(bits + np.int64(0x3FF0000000000000 - 0x3FE6A09E667F3BCD))
    exponent = raised >> np.uint64(52)
    taken = np.int64(exponent << np.uint64(52)) - np.int64(0x3FF0000000000000)
    mantissa = np.int64(bits - taken).view(np.float64)
    # as the low bits of 2^52 the exponent becomes a number without a conversion, for which
    # processors without AVX-512 have no vector instruction
    whole = np.uint64(exponent | np.uint64(0x4330000000000000)).view(np.float64) - _BIASED
    f = mantissa - 1.0
    s = f / (2.0 + f)
    z = s * s
    z2 = z * z
    z4 = z2 * z2
    low = fma(fma(z, 1.0 / 9.0, 1.0 / 7.0), z2, fma(z, 1.0 / 5.0, 1.0 / 3.0))
    middle = fma(fma(z, 1.0 / 17.0, 1.0 / 15.0), z2, fma(z, 1.0 / 13.0, 1.0 / 11.0))
    p = fma(fma(fma(z, 1.0 / 21.0, 1.0 / 19.0), z4, middle), z4, low)
    s2 = 2.0 * s
    return fma(whole, _LN2_HIGH, s2 + fma(s2 * z, p, whole * _LN2_LOW))
