"""Write the golden results of a shipped case: ``python scripts/write_expected.py japan17``.

They are what the model gave when the file was written, so that a change of results is seen and has
to be meant. They are no evidence that the model is right.
"""

import sys

from kachisuji import cases
from kachisuji.contest.expected import expected_results


def main() -> None:
    """Write ``expected/segments.csv`` in the case's folder."""
    case = cases.load(sys.argv[1])
    folder = case.path / "expected"
    folder.mkdir(exist_ok=True)
    expected_results(case).to_csv(folder / "segments.csv", index=False, float_format="%.9g")


if __name__ == "__main__":
    main()
