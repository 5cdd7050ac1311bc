"""Small models for the runner, at module level so that other processes can have them."""

import os
import signal
import time

import numpy as np

YEARS = 5


def smooth(draws, lines):
    """Scalars and paths by a formula that keeps lines apart."""
    x = draws.sum(axis=1)
    scale = 1.0 + np.asarray(lines, dtype=float)[:, None]
    growth = np.sin(scale * x[None, :]) / scale
    path = growth[:, :, None] * np.arange(1, YEARS + 1)
    return {"growth": growth, "power": growth**2, "money": path.astype(np.float32)}


class Outcomes:
    def __init__(self, scalars, paths):
        self.scalars, self.paths = scalars, paths


class Labelled:
    """A model whose outcomes are an object."""

    def __call__(self, draws, lines):
        found = smooth(draws, lines)
        money = found.pop("money")
        return Outcomes(found, {"money": money})


class Bad:
    """Goes wrong at one line and one future (told by its draw)."""

    def __init__(self, how, line, mark):
        self.how, self.line, self.mark = how, line, mark

    def __call__(self, draws, lines):
        found = smooth(draws, lines)
        rows = np.flatnonzero(np.asarray(lines) == self.line)
        columns = np.flatnonzero(draws[:, 0] == self.mark)
        if not (rows.size and columns.size):
            return found
        if self.how == "raise":
            raise ZeroDivisionError("no cost at all")
        if self.how == "shape":
            return found | {"power": found["power"][:, :-1]}
        if self.how == "name":
            return {"size" if k == "power" else k: v for k, v in found.items()}
        found[{"nan": "power", "inf": "money"}[self.how]][rows[0], columns[0]] = np.nan
        return found


class Dies:
    """Kills its own process the first time it plays a line."""

    def __init__(self, line, flag):
        self.line, self.flag = line, flag

    def __call__(self, draws, lines):
        if self.line in lines and not os.path.exists(self.flag):
            with open(self.flag, "w"):
                pass
            os.kill(os.getpid(), signal.SIGKILL)
        return smooth(draws, lines)


class AlwaysDies:
    """Kills its own process whenever it plays a line."""

    def __init__(self, line):
        self.line = line

    def __call__(self, draws, lines):
        if self.line in lines:
            os.kill(os.getpid(), signal.SIGKILL)
        return smooth(draws, lines)


class Slow:
    """Takes a while over every chunk."""

    def __call__(self, draws, lines):
        time.sleep(0.05)
        return smooth(draws, lines)


class Stops:
    """Is interrupted when it comes to a line, as if by Ctrl-C."""

    def __init__(self, line):
        self.line = line

    def __call__(self, draws, lines):
        if self.line in lines:
            raise KeyboardInterrupt
        return smooth(draws, lines)


class Hangs:
    """Never comes back from a line."""

    def __init__(self, line):
        self.line = line

    def __call__(self, draws, lines):
        if self.line in lines:
            time.sleep(3600)
        return smooth(draws, lines)
