"""Which tests `make test` leaves to `make test-all` because they take long: tests/slow.txt, written from a whole run.

    make test-all TEST_ARGS="--junitxml=/tmp/all.xml tests"
    python -m tools.slow_tests /tmp/all.xml [LIMIT_S]

conftest.py gives the tests of the list the mark `thorough`. A new test is in no list, so `make test` runs it.
"""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from pathlib import Path
from statistics import mean

LIST = Path(__file__).resolve().parents[1] / "tests" / "slow.txt"
HEAD = "# Written by tools/slow_tests.py: tests that take {limit_s:g} s or more, on average over their cases.\n"
LIMIT_S = 0.5
#: Each of these has its own rule in tests/labs: the first mistake of each task belongs to `make test`.
CHOSEN_THERE = ("tests.labs.",)


def slow_tests(results: Path, limit_s: float = LIMIT_S) -> list[str]:
    """The tests that take long, as "tests/cloud/test_rds.py::test_name", sorted.

    Args:
        results: What pytest's --junitxml wrote; the times in it include fixtures.
        limit_s: From how many seconds on, on average over a test's cases.
    """
    took_s: dict[str, list[float]] = defaultdict(list)
    for case in ElementTree.parse(results).getroot().iter("testcase"):
        place, name = case.get("classname", ""), case.get("name", "").partition("[")[0]
        if place.startswith("tests.") and not place.startswith(CHOSEN_THERE):
            folder, file, *classes = place.split(".")[1:]
            took_s["::".join([f"tests/{folder}/{file}.py", *classes, name])].append(float(case.get("time", "0")))
    return sorted(test for test, times_s in took_s.items() if mean(times_s) >= limit_s)


def listed() -> set[str]:
    """The tests of the list."""
    return {line for line in LIST.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")}


def main(arguments: list[str]) -> int:
    """Writes the list; returns the exit code."""
    if not 1 <= len(arguments) <= 2:
        print(__doc__, file=sys.stderr)
        return 2
    limit_s = float(arguments[1]) if len(arguments) == 2 else LIMIT_S
    tests = slow_tests(Path(arguments[0]), limit_s)
    LIST.write_text(HEAD.format(limit_s=limit_s) + "".join(f"{test}\n" for test in tests), encoding="utf-8")
    print(f"{len(tests)} tests take {limit_s:g} s or more.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
