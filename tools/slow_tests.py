"""Writes tests/slow.txt, the list of tests too slow for `make test`, from the times of a whole run.

    PYTEST_ADDOPTS="--junitxml=/tmp/all.xml" make test-all
    python -m tools.slow_tests /tmp/all.xml [LIMIT_S]

conftest.py marks the listed tests `thorough`. New tests aren't on the list, so `make test` runs them. The list includes
all mistakes except the quickest one per task, and the quickest as well if it takes 12 s.

A file can be slow although none of its tests is, because it starts a local cloud for a few tests. The times of
`make test` show such files, and this adds them to the list:

    PYTEST_ADDOPTS="--junitxml=/tmp/short.xml" make test
    python -m tools.slow_tests --files /tmp/short.xml...
"""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import mean

LIST = Path(__file__).resolve().parents[1] / "tests" / "slow.txt"
HEAD = "# Written by tools/slow_tests.py: tests, and files of tests, that take {limit_s:g} s or more on average.\n"
LIMIT_S = 0.5
MISTAKE_LIMIT_S = 12.0
MISTAKES = "tests/labs/test_labs.py::test_a_mistake_is_rejected_with_the_message_that_names_it"
#: A file with more tests than this is worth its local cloud.
FEW_TESTS = 10
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
    took_s, mistakes = _times(results)
    slow = [test for test, times_s in took_s.items() if mean(times_s) >= limit_s and test != SMOKE]
    for of_task in mistakes.values():
        (quickest_s, _), *_ = of_task = sorted(of_task)
        slow += [test for _, test in of_task[0 if quickest_s >= MISTAKE_LIMIT_S else 1 :]]
    return sorted(slow)


def slow_files(runs: Sequence[Path]) -> list[str]:
    """The files of few tests that are slow on average in runs of `make test`, as "tests/cloud/test_rds.py", sorted.

    Args:
        runs: What pytest's --junitxml wrote in each run.
    """
    of_files: dict[str, list[float]] = defaultdict(list)
    for results in runs:
        for test, times_s in _times(results)[0].items():
            of_files[file_of(test)] += times_s
    for exception in (SMOKE, MISTAKES):
        of_files.pop(file_of(exception), None)
    few = {file: times_s for file, times_s in of_files.items() if len(times_s) <= FEW_TESTS * len(runs)}
    return sorted(file for file, times_s in few.items() if mean(times_s) >= LIMIT_S)


def file_of(test: str) -> str:
    """The file in "tests/cloud/test_rds.py::test_name"."""
    return test.partition("::")[0]


def _times(results: Path) -> tuple[dict[str, list[float]], dict[str, list[tuple[float, str]]]]:
    """The seconds of each test's cases, and for each task the seconds and names of its mistakes."""
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
    return took_s, mistakes


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
    only_files = arguments[:1] == ["--files"]
    words = arguments[only_files:]
    if not words or (not only_files and len(words) > 2):
        print(__doc__, file=sys.stderr)
        return 2
    limit_s = float(words[1]) if not only_files and len(words) == 2 else LIMIT_S
    if only_files:
        files = slow_files([Path(word) for word in words])
        tests = sorted({*files, *(test for test in listed() if file_of(test) not in files)})
    else:
        tests = slow_tests(Path(words[0]), limit_s)
    LIST.write_text(HEAD.format(limit_s=limit_s) + "".join(f"{test}\n" for test in tests), encoding="utf-8")
    print(f"{LIST.name} has {len(tests)} lines: slow tests and files, and all but a quick mistake of each task.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
