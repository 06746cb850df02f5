"""How an answer's file becomes the cell that runs, and what is said of one that does not fit the solution."""

from __future__ import annotations

from pathlib import Path

import pytest

from serverless_first import course
from serverless_first.authoring.answers import Answer, UnfitAnswer, answers_in

MODULE = course.load().module("00")
CELL = """\
%%writefile total.py
def handler(event, context):
    ### BEGIN SOLUTION
    total = 0
    for line in event["lines"]:
        total += line["price_yen"]

        print(line)
    print(total)
    print(total)
    ### END SOLUTION
    return {"total_yen": total}
### BEGIN SOLUTION
LAMPS = 3
### END SOLUTION
"""
GIVEN = 'def handler(event, context):\n    print("given")\n'


def answer(folder: Path, text: str) -> Answer:
    (folder / "0.1-adds.py").write_text(text, encoding="utf-8")
    (found,) = answers_in(folder, MODULE, MODULE.tasks[0])
    return found


def test_a_whole_cell(tmp_path: Path) -> None:
    found = answer(tmp_path, f"#: expects: no total\n#: because: prints\n#: replaces: 2\n\n{GIVEN}")
    assert (found.name, found.expects, found.because) == ("0.1-adds", "no total", "prints")
    assert found.replaces == 2
    assert found.in_place_of(CELL) == GIVEN


def test_what_fills_a_gap(tmp_path: Path) -> None:
    for end in ("\n", ""):
        found = answer(tmp_path, f"#: fills: gap 2\nLAMPS = 4{end}").in_place_of(CELL)
        assert found == CELL[: CELL.index("### BEGIN SOLUTION\nLAMPS")] + "LAMPS = 4\n"


def test_a_gap_of_sql_has_its_marks_in_comments_of_sql(tmp_path: Path) -> None:
    marks = "-- ### BEGIN SOLUTION\n", "-- ### END SOLUTION\n"
    cell = f"%%writefile schema.sql\n{marks[0]}CREATE TABLE orders (id text PRIMARY KEY);\n{marks[1]}"
    found = answer(tmp_path, "#: fills: gap 1\nCREATE TABLE orders (id text);\n").in_place_of(cell)
    assert found == "%%writefile schema.sql\nCREATE TABLE orders (id text);\n"
    changed = answer(
        tmp_path, "#: changes: gap 1\n-CREATE TABLE orders (id text PRIMARY KEY);\n+CREATE TABLE orders ();\n"
    )
    assert changed.in_place_of(cell) == "%%writefile schema.sql\nCREATE TABLE orders ();\n"


def test_changes_in_two_places_of_a_gap(tmp_path: Path) -> None:
    changes = """\
-    total = 0
+    total = 500
@@
     for line in event["lines"]:
+        print("a line")
-        total += line["price_yen"]
-
"""
    found = answer(tmp_path, f"#: changes: gap 1\n{changes}").in_place_of(CELL)
    assert found == (
        '%%writefile total.py\ndef handler(event, context):\n    total = 500\n    for line in event["lines"]:\n'
        '        print("a line")\n        print(line)\n    print(total)\n    print(total)\n'
        '    return {"total_yen": total}\n### BEGIN SOLUTION\nLAMPS = 3\n### END SOLUTION\n'
    )


@pytest.mark.parametrize(
    ("gap", "changes", "says"),
    [
        pytest.param(*case, id=name)
        for name, *case in [
            (
                "not there",
                1,
                "-    total = 1\n",
                "^0.1-adds: the solution has these lines 0 times, not once:\n",
            ),
            ("a part of a line", 1, "-total = 0\n", "these lines 0 times"),
            ("in another gap", 1, "-LAMPS = 3\n", "these lines 0 times"),
            ("behind the gap", 1, '-    return {"total_yen": total}\n', "these lines 0 times"),
            ("gone before", 1, "-    total = 0\n@@\n     total = 0\n+    total = 1\n", "these lines 0 times"),
            ("twice", 1, "-    print(total)\n", r"these lines 2 times, not once:\n    print\(total\)"),
            ("the same line", 1, "-    total = 0\n+    total = 0\n", "^0.1-adds: nothing is changed here"),
            ("a place alone", 1, "     total = 0\n", "nothing is changed"),
            ("no mark at all", 1, "    total = 0\n", "nothing is changed"),
            ("empty", 1, "", "nothing is changed"),
            ("empty at the end", 1, "-    total = 0\n@@\n", "nothing is changed"),
            ("no place", 1, "+    total = 1\n", "^0.1-adds: where"),
            (
                "an empty line",
                1,
                "-    total = 0\n\n",
                r"^0.1-adds: each line begins .*, unlike '\\n'",
            ),
            ("numbers", 1, "@@ -1 +1 @@\n-    total = 0\n", "unlike '@@ -1"),
            ("no such gap", 3, "-    total = 0\n", "^0.1-adds: the cell has 2 gaps, there is no number 3"),
        ]
    ],
)
def test_changes_that_do_not_fit_are_named(gap: int, changes: str, says: str, tmp_path: Path) -> None:
    found = answer(tmp_path, f"#: changes: gap {gap}\n{changes}")
    with pytest.raises(UnfitAnswer, match=says):
        found.in_place_of(CELL)


@pytest.mark.parametrize(
    ("head", "says"),
    [
        ("#: fills: gap 1\n#: changes: gap 1\n", '^0.1-adds.py: "fills" or "changes", not both'),
        ("#: changes: 1\n", '^0.1-adds.py: "changes" is written like "gap 1"'),
        ("#: changes: gap 0\n", 'written like "gap 1"'),
        ("#: fills: the gap\n", '^0.1-adds.py: "fills" is written like "gap 1"'),
        ("#: fills: \n", '"fills" is written like "gap 1"'),
    ],
)
def test_a_head_that_cannot_be_read_is_named(head: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(UnfitAnswer, match=says):
        answer(tmp_path, f"{head}-    total = 0\n")
