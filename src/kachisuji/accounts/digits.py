"""Numbers from delimited text, fast and rounded as Python rounds them.

Decimal to binary by the method of Lemire (2021), Number parsing at a gigabyte per second, Software:
Practice and Experience 51, 1700-1727: a 64-bit significand times a 128-bit power of five. The rare
cases that it leaves open (more than 19 digits, extreme exponents) are handed back to ``float``.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate, pairwise

import numba
import numpy as np
from numpy.typing import NDArray

_LOW, _HIGH = -64, 64
_U = np.uint64
_NEWLINE, _RETURN, _QUOTE = 10, 13, 34
_ZERO = np.uint8(48)

# bytes that may be looked at from where a number begins
_WINDOW = 48
_PART, _THREADS = 2**20, 2


def _powers() -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """128 bits of 5**q, normalised, as two words each."""
    high, low = [], []
    for q in range(_LOW, _HIGH + 1):
        power = 5 ** abs(q)
        if q < 0:
            z = (power - 1).bit_length()
            bits = z + 127 if q >= -27 else 2 * z + 128
            value = (1 << bits) // power + 1
            while value >= 1 << 128:
                value >>= 1
        else:
            value = power
            while value < 1 << 127:
                value <<= 1
            while value >= 1 << 128:
                value >>= 1
        high.append(value >> 64)
        low.append(value & (2**64 - 1))
    return np.array(high, dtype=np.uint64), np.array(low, dtype=np.uint64)


_POWERS_HIGH, _POWERS_LOW = _powers()
_TENS = np.array([10.0**k for k in range(23)])
_WHOLE_TENS = np.array([10**k for k in range(8)], dtype=np.uint64)


@numba.njit(inline="always")
def _product_high(a, b):  # type: ignore[no-untyped-def]
    """High word of a 64 by 64 bit product."""
    mask = _U(0xFFFFFFFF)
    a_low, a_high = a & mask, a >> _U(32)
    b_low, b_high = b & mask, b >> _U(32)
    middle = a_high * b_low + ((a_low * b_low) >> _U(32))
    other = a_low * b_high + (middle & mask)
    return a_high * b_high + (middle >> _U(32)) + (other >> _U(32))


@numba.njit(inline="always")
def _leading_zeros(w):  # type: ignore[no-untyped-def]
    n = 0
    for shift in (32, 16, 8, 4, 2, 1):
        if w >> _U(64 - shift) == _U(0):
            n += shift
            w = w << _U(shift)
    return n


@numba.njit(error_model="numpy")
def _to_bits(w, q, high, low):  # type: ignore[no-untyped-def]
    """Bits of the double nearest to ``w * 10**q``; all ones where this cannot tell."""
    unknown = _U(0xFFFFFFFFFFFFFFFF)
    if w == _U(0):
        return _U(0)
    if q < _LOW or q > _HIGH:
        return unknown
    zeros = _leading_zeros(w)
    w = w << _U(zeros)
    five = high[q - _LOW]
    top = _product_high(w, five)
    bottom = w * five
    if top & _U(0x1FF) == _U(0x1FF):
        more = _product_high(w, low[q - _LOW])
        bottom = bottom + more
        if bottom < more:
            top = top + _U(1)
    if bottom == unknown and (q < -27 or q > 55):
        return unknown
    upper = int(top >> _U(63))
    mantissa = top >> _U(upper + 9)
    exponent = ((217706 * q) >> 16) + 63 + upper - zeros + 1023
    if exponent <= 0 or exponent >= 2046:
        return unknown
    halfway = bottom <= _U(1) and q >= -4 and q <= 23 and (mantissa & _U(3)) == _U(1)
    if halfway and (mantissa << _U(upper + 9)) == top:
        mantissa = mantissa & ~_U(1)
    mantissa = (mantissa + (mantissa & _U(1))) >> _U(1)
    if mantissa >= _U(1) << _U(53):
        mantissa = _U(1) << _U(52)
        exponent += 1
    mantissa = mantissa & ~(_U(1) << _U(52))
    return mantissa | (_U(exponent) << _U(52))


@numba.njit(error_model="numpy", inline="always")
def _decimal(text, at, stop):  # type: ignore[no-untyped-def]
    """Read one number: significand, power of ten, sign, where it ended, and a fault.

    Faults: 0 none, 1 more digits than fit, 2 not a number.
    """
    negative = False
    if at < stop and (text[_U(at)] == 45 or text[_U(at)] == 43):
        negative = text[_U(at)] == 45
        at += 1
    w, start = _U(0), at
    while at < stop:
        digit = np.uint8(text[_U(at)] - _ZERO)  # unsigned: what is no digit is above nine
        if digit > 9:
            break
        w = w * _U(10) + _U(digit)
        at += 1
    seen, q = at - start, 0
    if at < stop and text[_U(at)] == 46:
        at += 1
        point = at
        while at < stop:
            digit = np.uint8(text[_U(at)] - _ZERO)
            if digit > 9:
                break
            w = w * _U(10) + _U(digit)
            at += 1
        q = point - at
        seen -= q
    if seen == 0:
        return w, q, negative, at, 2
    if seen > 19:  # leading zeros count for nothing; what is left must fit
        k = start
        while k < at and (text[k] == 48 or text[k] == 46):
            seen -= text[k] == 48
            k += 1
        if seen > 19:
            return w, q, negative, at, 1
    if at < stop and (text[_U(at)] == 101 or text[_U(at)] == 69):
        at += 1
        down = False
        if at < stop and (text[_U(at)] == 45 or text[_U(at)] == 43):
            down = text[_U(at)] == 45
            at += 1
        power, some = 0, 0
        while at < stop and text[_U(at)] >= 48 and text[_U(at)] <= 57 and some < 5:
            power = power * 10 + (text[_U(at)] - 48)
            some += 1
            at += 1
        if some == 0:
            return w, q, negative, at, 2
        q += -power if down else power
    return w, q, negative, at, 0


@numba.njit(inline="always")
def _run_of_digits(word):  # type: ignore[no-untyped-def]
    """Eight characters as digits where they are any; their number before the first other one.

    Works on the bytes of one word at once; with eight digits the number found is meaningless and
    the mark of what is no digit is zero.
    """
    t = word ^ _U(0x3030303030303030)
    other = (((t & _U(0x7F7F7F7F7F7F7F7F)) + _U(0x7676767676767676)) | t) & _U(0x8080808080808080)
    first = (other & (~other + _U(1))) >> _U(7)
    # one bit at 8 k times these bytes has k at the top
    return t, other, (first * _U(0x0001020304050607)) >> _U(56)


@numba.njit(inline="always")
def _eight(t):  # type: ignore[no-untyped-def]
    """Value of eight digits, one a byte, the first one lowest (Lemire 2021, section 5)."""
    t = t * _U(10) + (t >> _U(8))
    pairs = _U(0x000000FF000000FF)
    upper = (t & pairs) * _U(0x000F424000000064)
    return (upper + ((t >> _U(16)) & pairs) * _U(0x0000271000000001)) >> _U(32)


@numba.njit(inline="always")
def _fewer(t, n):  # type: ignore[no-untyped-def]
    """Value of the first ``n`` digits, at most seven."""
    return _eight((t << (_U(56) - _U(8) * n)) << _U(8))


@numba.njit(error_model="numpy", inline="always")
def _short(words, at, whole_tens):  # type: ignore[no-untyped-def]
    """Read ``[-]1234567[.123456789012345]`` without a loop: as _decimal does; fault 1 if longer.

    Numbers of tables differ in length from cell to cell, and a loop over their digits costs a
    wrongly foretold branch or two for each; here every length takes the same steps.
    """
    word = words[at]
    negative = (word & _U(0xFF)) == _U(45)
    if negative:
        at += 1
        word = words[at]
    t, other, n = _run_of_digits(word)
    w = _fewer(t, n)
    point = ((word >> (_U(8) * n)) & _U(0xFF)) == _U(46)
    at += np.int64(n) + np.int64(point)
    t, more, after = _run_of_digits(words[at])  # none where no point stands
    if other == _U(0):
        return w, 0, negative, at, 1
    if more == _U(0):
        w = w * _U(100000000) + _eight(t)
        at += 8
        t, more, after = _run_of_digits(words[at])
        if more == _U(0) or n + after > _U(11) or not point:
            return w, 0, negative, at, 1
        w = w * whole_tens[after] + _fewer(t, after)
        return w, -8 - np.int64(after), negative, at + np.int64(after), 0
    if n + after == _U(0):
        return w, 0, negative, at, 2
    w = w * whole_tens[after] + _fewer(t, after)
    return w, -np.int64(after), negative, at + np.int64(after), 0


@numba.njit(error_model="numpy", inline="always")
def _put(values, bits, row, k, w, q, negative, high, low, tens):  # type: ignore[no-untyped-def]
    """Write ``w * 10**q``; False where it cannot be told here."""
    if w < _U(9007199254740992) and q >= -22 and q <= 22:
        # both factors are doubles, so that one operation rounds once (Clinger 1990)
        whole = float(np.int64(w))
        value = whole / tens[-q] if q < 0 else whole * tens[q]
        values[row, k] = -value if negative else value
        return True
    found = _to_bits(w, q, high, low)
    if found == _U(0xFFFFFFFFFFFFFFFF):
        return False
    bits[row, k] = found | (_U(1) << _U(63)) if negative else found
    return True


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _lines(text, at, stop):  # type: ignore[no-untyped-def]
    """Count line ends."""
    found = 0
    for k in range(at, stop):
        found += text[_U(k)] == _NEWLINE
    return found


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _rows(  # type: ignore[no-untyped-def]
    text, words, at, stop, separator, labels, row, values, bits, places, empty_is_zero,
    high, low, tens, whole_tens,
):  # fmt: skip
    """Fill rows from ``row`` on; -1 when all went well, else the position of what did not."""
    height, width = bits.shape
    far = len(words) - _WINDOW
    while at < stop:
        if row >= height:
            return at
        for k in range(labels):
            places[row, k, 0] = at
            while at < stop and text[_U(at)] != separator and text[_U(at)] != _NEWLINE:
                if text[_U(at)] == _QUOTE:
                    return at
                at += 1
            places[row, k, 1] = at
            if at >= stop or text[_U(at)] != separator:
                return at
            at += 1
        for k in range(width):
            last = k == width - 1
            begin, fault = at, 1
            if at < far:
                w, q, negative, at, fault = _short(words, at, whole_tens)
                mark = text[_U(at)]
                if fault or mark not in (separator, _NEWLINE, _RETURN):
                    at, fault = begin, 1
                elif w < _U(9007199254740992):  # as in _put, without its other cases
                    value = float(np.int64(w)) / tens[_U(-q)]
                    values[_U(row), _U(k)] = -value if negative else value
                    if mark == separator and not last:
                        at += 1
                        continue
            if (
                fault
                and empty_is_zero
                and (at >= stop or text[_U(at)] == separator or text[_U(at)] == _NEWLINE)
            ):
                w, q, negative, fault = _U(0), 0, False, 0
            elif fault:
                w, q, negative, at, fault = _decimal(text, at, stop)
            if fault or not _put(values, bits, row, k, w, q, negative, high, low, tens):
                return at
            if at < stop and text[_U(at)] == _RETURN:
                at += 1
            if last and at < stop and text[_U(at)] != _NEWLINE:
                return at
            if not last and (at >= stop or text[_U(at)] != separator):
                return at
            at += 1
        row += 1
    return -1


def table(
    text: bytes, start: int, width: int, labels: int, separator: str, empty_is_zero: bool
) -> tuple[list[list[str]], NDArray[np.float64]] | None:
    """Return labels and numbers of delimited text, or None where it is not plain enough.

    Plain is: no quotes, no empty lines, every line as wide as the header, numbers only and of at
    most 19 digits.
    Whatever else there is, a slower reader takes and says what is wrong.

    Parameters
    ----------
    start
        Where the first row begins.
    width
        Number of columns, labels included.
    """
    body = np.frombuffer(text, dtype=np.uint8)
    # the eight bytes from each place on, wherever it is; a machine of the other order goes without
    within = max(len(body) - 7, 0) if sys.byteorder == "little" else 0
    words = np.ndarray((within,), np.uint64, text, strides=(1,))
    stop = len(body)
    while stop > start and body[stop - 1] in (_NEWLINE, _RETURN):
        stop -= 1
    parts = _parts(text, start, stop)
    with ThreadPoolExecutor(_THREADS) as pool:
        counts = list(pool.map(lambda part: _lines(body, *part), parts))
        rows = sum(counts) + (stop > start)
        values = np.empty((rows, width - labels))
        places = np.empty((rows, labels, 2), dtype=np.int64)

        def run(part: tuple[int, int], row: int) -> int:
            return int(
                _rows(
                    body, words, *part, ord(separator), labels, row, values,
                    values.view(np.uint64), places, empty_is_zero,
                    _POWERS_HIGH, _POWERS_LOW, _TENS, _WHOLE_TENS,
                )
            )  # fmt: skip

        firsts = [0, *accumulate(counts)]
        if any(fault >= 0 for fault in pool.map(run, parts, firsts)):
            return None
    try:
        names = [[text[a:b].decode("utf-8") for a, b in line] for line in places.tolist()]
    except UnicodeDecodeError:
        return None
    return names, values


def _parts(text: bytes, start: int, stop: int) -> list[tuple[int, int]]:
    """Whole lines of about a megabyte each: cores share them however busy each of them is."""
    ends = [start]
    while ends[-1] < stop:
        ends.append(text.find(b"\n", min(ends[-1] + _PART, stop), stop) + 1 or stop)
    return list(pairwise(ends))


@numba.njit(cache=True)
def _one(text, values, bits, high, low, tens):  # type: ignore[no-untyped-def]
    w, q, negative, at, fault = _decimal(text, 0, len(text))
    if fault or at != len(text):
        return False
    return _put(values, bits, 0, 0, w, q, negative, high, low, tens)


def parse(text: str) -> float | None:
    """Return one number as the table reader would, or None where it would hand it back."""
    values = np.empty((1, 1))
    body = np.frombuffer(text.encode(), np.uint8)
    fine = _one(body, values, values.view(np.uint64), _POWERS_HIGH, _POWERS_LOW, _TENS)
    return float(values[0, 0]) if fine else None
