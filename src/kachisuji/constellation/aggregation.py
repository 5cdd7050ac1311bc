"""The committee's opening: three members hold shares, and together open one protected sum.

MPyC does the sharing, the arithmetic and the comparisons (Shamir shares, threshold one, honest
majority of three). A node splits its vector with :func:`split`; the members call :func:`open_sum`
at the same time, each with its own shares, and receive ``Σ nodes + noise₀ + noise₁ + noise₂`` and
nothing else. The traffic among members is TLS, and numbers only: MPyC's pickled messages are
switched off, so that no member can run code on another.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import threading
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kachisuji.constellation.needs import need
from kachisuji.constellation.noise import MEMBERS

if TYPE_CHECKING:
    import ssl

Objects = NDArray[np.object_]

THRESHOLD = 1
BITS = 96
"""Width of the signed integers that sums may reach; the field is wider by 2⁴⁰ for masks."""
SECURITY = 40
TESTS = 12
"""Random half-sums by which a vector out of bounds is found: one slips through in 2¹²."""


def engine() -> Any:
    """Import MPyC without letting it read the command line or speak on standard output."""
    with _IMPORT:
        return _imported()


_IMPORT = threading.Lock()


@cache
def _imported() -> Any:
    given, sys.argv = sys.argv, [sys.argv[0], "--no-log"]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = need("mpyc.runtime")
        if not module.mpc._loop.is_running():  # made on import; an opening has one of its own
            module.mpc._loop.close()
            asyncio.set_event_loop(None)
        return module
    finally:
        sys.argv = given


def _runtime(member: int) -> Any:
    """Make a fresh runtime: nothing of an earlier opening, broken or not, is left in it."""
    module = engine()
    import mpyc

    options = argparse.Namespace(**vars(module.mpc.options))
    options.threshold, options.sec_param = THRESHOLD, SECURITY
    options.no_log, options.no_barrier, options.no_async, options.no_prss = True, True, False, False
    options.mix32_64bit = True  # numbers as bytes instead of pickles
    parties = [module.Party(i) for i in range(MEMBERS)]
    runtime = module.Runtime(member, parties, options)
    places = ("sectypes", "asyncoro", "mpctools", "seclists", "secpols", "secgroups", "random",
              "statistics")  # fmt: skip
    for place in places:
        getattr(mpyc, place).runtime = runtime
    return runtime


def _secint() -> Any:
    engine()
    sectypes = need("mpyc.sectypes")
    runtime = sectypes.runtime
    if runtime.options.sec_param != SECURITY:
        runtime.options.sec_param = SECURITY
    return sectypes.SecInt(BITS)


def modulus() -> int:
    """Return the prime of the field in which shares are made."""
    return int(_secint().field.modulus)


def split(vector: NDArray[np.int64]) -> list[Objects]:
    """Split a vector into three Shamir shares, any two of which give it back.

    Returns
    -------
    list of ndarray
        Three (n,) arrays of Python integers below :func:`modulus`.
    """
    field = _secint().field
    secret = field.array(np.array([int(v) for v in vector], dtype=object))
    shares = need("mpyc.thresha").np_random_split(field, secret, THRESHOLD, MEMBERS)
    return [np.asarray(s, dtype=object) for s in shares]


def pack(share: Objects) -> bytes:
    """Bytes of a share: fixed width, little-endian."""
    width = (modulus().bit_length() + 7) // 8
    return b"".join(int(v).to_bytes(width, "little") for v in share)


def unpack(content: bytes, size: int) -> Objects | None:
    """Return a share of ``size`` numbers, None where the bytes are none."""
    prime = modulus()
    width = (prime.bit_length() + 7) // 8
    if len(content) != size * width:
        return None
    starts = range(0, len(content), width)
    numbers = [int.from_bytes(content[i : i + width], "little") for i in starts]
    if any(v >= prime for v in numbers):
        return None
    return np.array(numbers, dtype=object)


@dataclass(frozen=True)
class Seat:
    """Where a member listens, and the certificate it must show (SHA-256, hexadecimal)."""

    name: str
    host: str
    port: int
    fingerprint: str = ""


@dataclass(frozen=True)
class Opened:
    """What an opening gives: the protected sum, and which nodes are in it."""

    total: Objects
    kept: tuple[bool, ...]


async def _connect(
    runtime: Any, seats: Sequence[Seat], contexts: tuple[ssl.SSLContext, ssl.SSLContext] | None
) -> None:
    """Link the members: each listens for those before it and calls those after it."""
    from kachisuji.constellation.links import exchanger

    loop, me = asyncio.get_running_loop(), runtime.pid
    for party in runtime.parties:
        party.protocol = loop.create_future() if party.pid == me else None
    server = None
    if me:
        server = await loop.create_server(
            lambda: exchanger(runtime, None, seats), seats[me].host, seats[me].port,
            ssl=contexts[0] if contexts else None,
        )  # fmt: skip
    try:
        for pid in range(me + 1, MEMBERS):
            await _call(runtime, pid, seats, contexts)
        await runtime.parties[me].protocol
    finally:
        if server is not None:
            server.close()


async def _call(
    runtime: Any, pid: int, seats: Sequence[Seat], contexts: Any, pause: float = 0.05
) -> None:
    from kachisuji.constellation.links import exchanger

    loop, seat = asyncio.get_running_loop(), seats[pid]
    while True:  # until the caller's time limit
        try:
            await loop.create_connection(
                lambda: exchanger(runtime, pid, seats), seat.host, seat.port,
                ssl=contexts[1] if contexts else None,
                server_hostname="member" if contexts else None,
            )  # fmt: skip
            return
        except ConnectionError:
            await asyncio.sleep(pause)


async def open_sum(
    member: int,
    seats: Sequence[Seat],
    shares: Sequence[Objects | None],
    noise: NDArray[np.int64],
    largest: int,
    fewest: int,
    contexts: tuple[ssl.SSLContext, ssl.SSLContext] | None = None,
) -> Opened | None:
    """Open the sum of all sound vectors and of the three members' noises.

    Before anything is opened the members agree on which nodes' shares are sound: readable by all
    three, on one line (degree one), and inside the declared bound by random half-sums. What is
    opened for these tests is random or constant for an honest node.

    Parameters
    ----------
    member
        Own place, 0 to 2.
    seats
        The three members.
    shares
        Own share of each node's vector, in the same order for all members; None if unreadable.
    noise
        (n,) own noise in steps.
    largest
        Declared bound on the L1 norm of one node's vector, in steps.
    fewest
        Fewest sound nodes; with fewer nothing is opened.
    contexts
        TLS as server and as client; None only in tests on one machine.

    Returns
    -------
    Opened or None
        None when too few nodes are sound.
    """
    runtime = _runtime(member)
    secint = runtime.SecInt(BITS)
    await _connect(runtime, seats, contexts)
    try:
        size = noise.size
        stack = np.stack([np.zeros(size, dtype=object) if s is None else s for s in shares])
        readable = np.array([int(s is not None) for s in shares], dtype=object)
        votes = runtime.input(secint.array(secint.field.array(readable)))
        sound = np.array(await runtime.output(votes[0] + votes[1] + votes[2])) == MEMBERS
        sound &= await _on_a_line(runtime, secint, stack)
        sound &= await _in_bounds(runtime, secint, stack, largest)
        if int(sound.sum()) < fewest:
            return None
        own = secint.array(secint.field.array(np.array([int(v) for v in noise], dtype=object)))
        noises = runtime.input(own)
        total = secint.array(secint.field.array(stack[sound].sum(axis=0) % modulus()))
        opened = await runtime.output(total + noises[0] + noises[1] + noises[2])
        numbers = np.array([int(v) for v in opened], dtype=object)
        return Opened(numbers, tuple(bool(s) for s in sound))
    finally:
        for party in runtime.parties:
            if party.pid != member and hasattr(party.protocol, "close_connection"):
                party.protocol.close_connection()


async def _coin(runtime: Any, secint: Any) -> np.random.Generator:
    """Return a generator that all members share and no node could foresee."""
    import secrets

    own = secint.array(secint.field.array(np.array([secrets.randbits(90)], dtype=object)))
    given = runtime.input(own)
    (seed,) = await runtime.output(given[0] + given[1] + given[2])
    return np.random.default_rng(int(seed))


async def _on_a_line(runtime: Any, secint: Any, stack: Objects) -> NDArray[np.bool_]:
    """Whether each node's three shares belong to one polynomial of degree one.

    A random combination of the shares, masked by a random sharing, is opened: every member
    recombines it from another pair of shares, and the three values are equal only on a line.
    """
    field, prime = secint.field, modulus()
    rng = await _coin(runtime, secint)
    weights = rng.integers(1, 2**62, stack.shape[1]).astype(object)
    mask = runtime._np_randoms(field, stack.shape[0])
    mask = mask.value if hasattr(mask, "value") else (await mask).value
    combined = secint.array(field.array((stack @ weights + mask) % prime))
    mine = await runtime.output(combined, raw=True)
    seen = runtime.input(secint.array(field.array(np.array(mine.value, dtype=object))))
    left = await runtime.output(seen[0] - seen[1])
    right = await runtime.output(seen[1] - seen[2])
    return np.asarray((np.array(left) == 0) & (np.array(right) == 0), dtype=np.bool_)


async def _in_bounds(runtime: Any, secint: Any, stack: Objects, largest: int) -> NDArray[np.bool_]:
    """Whether random half-sums of each node's vector keep its declared bound.

    For coefficients of 0 and 1 a number beyond twice the bound makes half of all half-sums break
    it, whatever the others are. A half-sum inside is shifted to be positive, so that the sign
    opened says the same for all honest nodes.
    """
    nodes, size = stack.shape
    rng = await _coin(runtime, secint)
    picked = rng.integers(0, 2, (TESTS, size)).astype(object)
    width = largest.bit_length() + 3
    halves = ((stack @ picked.T) + (1 << (width - 2))) % modulus()
    signs = runtime.np_sgn(secint.array(secint.field.array(halves.reshape(-1))), l=width, LT=True)
    flags = np.array(await runtime.output(signs), dtype=object).reshape(nodes, TESTS)
    return np.asarray((flags == 0).all(axis=1), dtype=np.bool_)
