"""What a table says as it stands: multipliers, linkages, position, whose value added is where."""

from kachisuji.structure.capped import Capped, capped_output
from kachisuji.structure.chains import (
    gvc_income,
    gvc_income_by_product,
    participation,
    value_added_exports,
    value_added_in,
    vertical_specialisation,
)
from kachisuji.structure.change import decompose_change
from kachisuji.structure.content import origin_of_value_added, value_added_content
from kachisuji.structure.exports import decompose_exports
from kachisuji.structure.extraction import extract, extract_all
from kachisuji.structure.footprint import footprint
from kachisuji.structure.gains import gains_from_trade
from kachisuji.structure.ghosh import Ghosh, ghosh, price_change
from kachisuji.structure.leontief import Leontief, domestic_leontief, leontief
from kachisuji.structure.linkages import linkages
from kachisuji.structure.multipliers import Households, multipliers
from kachisuji.structure.position import downstreamness, positions, upstreamness
from kachisuji.structure.propagation import average_propagation_lengths, paths

__all__ = [
    "Capped",
    "Ghosh",
    "Households",
    "Leontief",
    "average_propagation_lengths",
    "capped_output",
    "decompose_change",
    "decompose_exports",
    "domestic_leontief",
    "downstreamness",
    "extract",
    "extract_all",
    "footprint",
    "gains_from_trade",
    "ghosh",
    "gvc_income",
    "gvc_income_by_product",
    "leontief",
    "linkages",
    "multipliers",
    "origin_of_value_added",
    "participation",
    "paths",
    "positions",
    "price_change",
    "upstreamness",
    "value_added_content",
    "value_added_exports",
    "value_added_in",
    "vertical_specialisation",
]
