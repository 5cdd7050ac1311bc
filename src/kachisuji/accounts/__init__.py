"""Input-output tables as a type, readers by publisher, aggregating, balancing, splitting."""

from kachisuji.accounts.aggregating import Concordance
from kachisuji.accounts.economy import Block, Economy, Extension
from kachisuji.accounts.names import category_name, region_name, sector_name
from kachisuji.accounts.reading import KINDS, read
from kachisuji.accounts.reference import reference
from kachisuji.accounts.supply_use import SupplyUse, split_imports

__all__ = [
    "KINDS",
    "Block",
    "Concordance",
    "Economy",
    "Extension",
    "SupplyUse",
    "category_name",
    "read",
    "reference",
    "region_name",
    "sector_name",
    "split_imports",
]
