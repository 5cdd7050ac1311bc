"""What the chosen portfolio does to the AI layers, beside doing nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kachisuji.desk.joint import Together
    from kachisuji.desk.pipeline import Work


def layers_of(work: Work, together: Together) -> dict[str, Any] | None:
    """Play the AI layers with the portfolio and without it on the reporting futures.

    Figures of the layers are drawn by themselves, one future of theirs for each of the contest's;
    the sales are those of the joint play. ``other`` is what lines in digital segments outside the
    layers add to the digital balance, mean a year. None where the case has no layers.
    """
    if "layers" not in work.case.tables:
        return None
    from kachisuji.contest import layer_lines, layers

    half, futures = work.halves.report, work.draws.shape[0]
    drawn = layers.figures(work.case, layers.layer_draws(work.case, futures, work.seed))
    p = {name: values[half] for name, values in drawn.items()}
    rows = [int(i) for i in together.lines]
    found = layer_lines.lines_in_layers(work.model, work.draws[half], rows, together.sales)
    segments = work.case.tables["segments"].set_index("segment")["layer"]
    apart = [k for k, i in enumerate(rows)
             if segments.get(work.lines["segment"].iloc[i]) not in layer_lines.MOVED]  # fmt: skip
    balance = together.by_line["digital_balance"]
    other = sum(float(balance[k].mean()) for k in apart)
    return layer_lines.compared(p, found) | {"other": other}
