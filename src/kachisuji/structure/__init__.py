"""What a table says as it stands: multipliers, linkages, position, whose value added is where."""

from kachisuji.structure.capped import Capped, capped_output
from kachisuji.structure.content import origin_of_value_added, value_added_content
from kachisuji.structure.leontief import Leontief, domestic_leontief, leontief
from kachisuji.structure.linkages import linkages
from kachisuji.structure.multipliers import multipliers
from kachisuji.structure.position import downstreamness, positions, upstreamness

__all__ = [
    "Capped",
    "Leontief",
    "capped_output",
    "domestic_leontief",
    "downstreamness",
    "leontief",
    "linkages",
    "multipliers",
    "origin_of_value_added",
    "positions",
    "upstreamness",
    "value_added_content",
]
