"""The time left that a bar shows is the time that is left."""

import io

import pytest
from rich.console import Console

from kachisuji.desk.progress import Bars


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self):
        return self.now


@pytest.mark.parametrize("already", [0, 4000])
@pytest.mark.parametrize("pace", [2.0, 45.0])
def test_the_time_left_is_that_of_the_work_left(already, pace):
    """Chunks of 100 of 5,000 lines, each ``pace`` seconds; what was there before is no speed."""
    clock, total = Clock(), 5000
    bars = Bars(Console(file=io.StringIO()), "en", clock)
    with bars.stage("desk.stage_compare", total) as advance:
        (task,) = bars.progress.tasks
        if already:
            advance(already)
        for done in range(already + 100, total, 100):
            clock.now += pace
            advance(100)
            if done >= already + 400:
                want = (total - done) / 100 * pace
                assert task.time_remaining == pytest.approx(want, rel=0.01, abs=pace)
    assert task.finished
