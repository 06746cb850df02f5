"""Writes tests/slow.txt, the list of tests too slow for `make test`, from the times of a whole run.

    make test-all TEST_ARGS="--junitxml=/tmp/all.xml tests"
    python -m tools.slow_tests /tmp/all.xml [LIMIT_S]

conftest.py marks the listed tests `thorough`. New tests aren't on the list, so `make test` runs them. The list includes
all mistakes except the quickest one per task, and the quickest as well if it takes 12 s.
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
MISTAKE_LIMIT_S = 12.0
MISTAKES = "tests/labs/test_labs.py::test_a_mistake_is_rejected_with_the_message_that_names_it"
#: The one test in a browser that `make test` runs.
SMOKE = (
    "tests/browser/test_lesson_in_browser.py::test_lesson_00_runs_from_top_to_bottom_and_asks_nothing_of_the_network"
)


def slow_tests(results: Path, limit_s: float = LIMIT_S) -> list[str]:
    """The slow tests, as "tests/cloud/test_rds.py::test_name", sorted; mistakes appear as separate cases.

    Args:
        results: What pytest's --junitxml wrote; the times in it include fixtures.
        limit_s: The average time per case, in seconds, from which a test counts as slow.
    """
    took_s: dict[str, list[float]] = defaultdict(list)
    mistakes: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for case in ElementTree.parse(results).getroot().iter("testcase"):
        place, name, time_s = case.get("classname", ""), case.get("name", ""), float(case.get("time", "0"))
        if (file := _file(place)) is None:
            continue
        function, _, case_id = name.partition("[")
        test = "::".join([file.as_posix(), *place.split(".")[len(file.parts) :], function])
        if test == MISTAKES:
            mistakes[case_id.partition("-")[0]].append((time_s, f"{test}[{case_id}"))
        else:
            took_s[test].append(time_s)
    slow = [test for test, times_s in took_s.items() if mean(times_s) >= limit_s and test != SMOKE]
    for of_task in mistakes.values():
        (quickest_s, _), *_ = of_task = sorted(of_task)
        slow += [test for _, test in of_task[0 if quickest_s >= MISTAKE_LIMIT_S else 1 :]]
    return sorted(slow)


def _file(place: str) -> Path | None:
    """The test file in "tests.unit.test_pool.TestPool"; None for a notebook."""
    parts = place.split(".")
    ends = (number for number, part in enumerate(parts, 1) if part.startswith("test_"))
    length = next(ends, None)
    return None if length is None else Path(*parts[:length]).with_suffix(".py")


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
    print(f"Listed {len(tests)} tests: those that take {limit_s:g} s or more, and all but a quick mistake per task.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
