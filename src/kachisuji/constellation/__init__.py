"""Nodes that keep their own data and answer protected aggregates only.

The heavy parts (MPyC, OpenDP, cryptography, httpx) are the optional extra ``constellation`` and
are imported when they are used.
"""

from kachisuji.constellation.answers import Answer
from kachisuji.constellation.questions import KINDS, Question, ask, warnings
from kachisuji.constellation.tables import TABLES, read_table, schema, schema_markdown

__all__ = [
    "KINDS",
    "TABLES",
    "Answer",
    "Question",
    "ask",
    "read_table",
    "schema",
    "schema_markdown",
    "warnings",
]
