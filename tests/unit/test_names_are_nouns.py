"""Variables and functions are named by nouns. tests/names.txt counts the names that aren't yet, and may only shrink.

After renaming some, `python -m tests.unit.test_names_are_nouns` writes the list anew.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIST = ROOT / "tests" / "names.txt"
ROOMS = ("engine/src", "src", "modules")
_PARTICIPLES = "found|given|made|told|taken|kept|asked|wanted|seen|said|shown|chosen|held|gone|heard|meant|brought"
WORD = re.compile(f"_*(each|{_PARTICIPLES})_*")
LEARNERS = {  # lessons, labs and stored files use these
    "engine/src/serverless_cloud/view/moment.py": 1,  # a database's `taken` seats
    "src/serverless_first/drill/finding.py": 1,  # Finding.seen
    "src/serverless_first/drill/rules.py": 1,
    "src/serverless_first/figures/break_even.py": 1,  # month_costs(chosen=...)
    "src/serverless_first/figures/limits.py": 1,  # instance_limits(chosen=...)
    "src/serverless_first/real_account/journal.py": 1,  # a field of each line of the journal
    "src/serverless_first/shop/hikari_capacity.py": 1,  # shop.chosen(plan, yesterday)
    "src/serverless_first/simulate/autoscaler.py": 1,  # Minute.wanted
    "src/serverless_first/simulate/network.py": 1,  # simulate(taken=...)
    "modules/12-capstone/given/functions/migrate.py": 2,  # a file of the lab
}


def names(program: str) -> list[str]:
    """The names that a program gives to variables, parameters, attributes and functions."""
    stored: list[str] = []
    for node in ast.walk(ast.parse(program)):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                stored.append(name)
            case ast.arg(arg=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                stored.append(name)
            case _:
                pass
    return stored


def counts() -> dict[str, int]:
    """How many names of each file are no nouns, without those that learners use."""
    numbers: Counter[str] = Counter()
    for room in ROOMS:
        for file in (ROOT / room).rglob("*.py"):
            if file.is_relative_to(ROOT / "modules") and "mistakes" in file.parts:
                continue  # a mistake has the names that a learner would write
            path = file.relative_to(ROOT).as_posix()
            others = sum(bool(WORD.fullmatch(name)) for name in names(file.read_text(encoding="utf-8")))
            numbers[path] = others - LEARNERS.get(path, 0)
    return {path: number for path, number in sorted(numbers.items()) if number}


def listed() -> dict[str, int]:
    """The numbers of tests/names.txt by file."""
    lines = (line.split() for line in LIST.read_text(encoding="utf-8").splitlines())
    return {path: int(number) for number, path in lines}


@pytest.mark.parametrize(
    "program",
    [
        "found = 1",
        "for each in (): pass",
        "def told(): pass",
        "lambda given: 0",
        "class A:\n    _kept: int = 0",
        "self.taken_ = 2",
        "[wanted for wanted in ()]",
    ],
)
def test_each_kind_of_name_is_counted(program: str) -> None:
    assert [name for name in names(program) if WORD.fullmatch(name)]


def test_compounds_and_uses_are_not_counted() -> None:
    assert not [name for name in names("found_at = is_given = 1; print(found)") if WORD.fullmatch(name)]


def test_names_are_nouns_outside_the_list() -> None:
    now, before = counts(), listed()
    more = {path: number for path, number in now.items() if number > before.get(path, 0)}
    assert not more, f"Name these variables or functions by what they are: {more}"


def test_the_list_shrinks_with_the_names() -> None:
    now = counts()
    fewer = {path: now.get(path, 0) for path, number in listed().items() if now.get(path, 0) < number}
    assert not fewer, f"Fewer names are left. Write the list anew (see this file's first lines): {fewer}"


if __name__ == "__main__":
    LIST.write_text("".join(f"{number} {path}\n" for path, number in counts().items()), encoding="utf-8")
