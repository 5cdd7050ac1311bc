"""Write SOURCES.md of a shipped case: ``python scripts/write_sources.py japan17``."""

import os
import sys

from kachisuji import cases


def main() -> None:
    """Write the page beside the case's tables."""
    case = cases.load(sys.argv[1])
    place = case.path / "SOURCES.md"
    part = place.with_suffix(".tmp")
    part.write_text(cases.sources_markdown(case), encoding="utf-8")
    os.replace(part, place)


if __name__ == "__main__":
    main()
