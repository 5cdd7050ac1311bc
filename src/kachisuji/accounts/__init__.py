"""Input-output tables as a type, readers by publisher, aggregating, balancing, splitting."""

from kachisuji.accounts.aggregating import Concordance
from kachisuji.accounts.attaching import extension_from, read_3eid
from kachisuji.accounts.balancing import Balanced, gras, ras, sut_ras
from kachisuji.accounts.conversion import convert, deflate
from kachisuji.accounts.economy import Block, Economy, Extension
from kachisuji.accounts.names import category_name, region_name, sector_name
from kachisuji.accounts.preflight import preflight
from kachisuji.accounts.reading import KINDS, read
from kachisuji.accounts.reference import reference
from kachisuji.accounts.splitting import disaggregate
from kachisuji.accounts.supply_use import SupplyUse, split_imports

__all__ = [
    "KINDS",
    "Balanced",
    "Block",
    "Concordance",
    "Economy",
    "Extension",
    "SupplyUse",
    "category_name",
    "convert",
    "deflate",
    "disaggregate",
    "extension_from",
    "gras",
    "preflight",
    "ras",
    "read",
    "read_3eid",
    "reference",
    "region_name",
    "sector_name",
    "split_imports",
    "sut_ras",
]
