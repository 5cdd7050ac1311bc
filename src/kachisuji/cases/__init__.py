"""What a case is: typed tables read from a folder, their schema, validation, the shipped cases."""

from kachisuji.cases.case import Case, available, check_fragments, load, resolve
from kachisuji.cases.problems import CaseError
from kachisuji.cases.programme import Finding, Programme, load_programme, past_programmes
from kachisuji.cases.schema import (
    Attribute,
    Schema,
    Symbol,
    global_symbols,
    layer_symbols,
    optional_tables,
    partner_symbols,
    schema,
    schema_markdown,
    symbols,
    tables,
)
from kachisuji.cases.settings import LineSpace, Package, Settings
from kachisuji.cases.sources import dated_sources, sources_markdown

__all__ = [
    "Attribute",
    "Case",
    "CaseError",
    "Finding",
    "LineSpace",
    "Package",
    "Programme",
    "Schema",
    "Settings",
    "Symbol",
    "available",
    "check_fragments",
    "dated_sources",
    "global_symbols",
    "layer_symbols",
    "load",
    "load_programme",
    "optional_tables",
    "partner_symbols",
    "past_programmes",
    "resolve",
    "schema",
    "schema_markdown",
    "sources_markdown",
    "symbols",
    "tables",
]
