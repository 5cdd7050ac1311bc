"""The run that pages of the gallery open."""

from tests.desk.conftest import rich_run

__all__ = ["rich_run"]
