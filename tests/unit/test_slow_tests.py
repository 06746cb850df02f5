"""tests/slow.txt: which tests `make test` leaves out, and that each of them exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tools import slow_tests

from serverless_first import course

ROOT = Path(__file__).resolve().parents[2]
MISTAKES = slow_tests.MISTAKES.partition("::")[2]
RESULTS = f"""<testsuites><testsuite>
<testcase classname="tests.cloud.test_rds" name="test_a_restart[on-1]" time="0.9" />
<testcase classname="tests.cloud.test_rds" name="test_a_restart[off-1]" time="0.3" />
<testcase classname="tests.cloud.test_rds" name="test_a_name" time="0.1" />
<testcase classname="tests.cloud.test_at_once.TestAtOnce" name="runTest" time="0.6" />
<testcase classname="tests.unit.test_site" name="test_a_page" time="7.0" />
<testcase classname="tests.labs.test_labs" name="{MISTAKES}[5.1-no-target]" time="7.0" />
<testcase classname="tests.labs.test_labs" name="{MISTAKES}[5.1-no-proxy]" time="0.2" />
<testcase classname="tests.labs.test_labs" name="{MISTAKES}[5.10-no-key]" time="9.0" />
<testcase classname="tests.labs.test_labs" name="{MISTAKES}[5.11-no-wait]" time="21.0" />
<testcase classname="notebooks.05-rds-proxy.ipynb" name="Cell 3" time="7.0" />
</testsuite></testsuites>
"""


def test_a_test_counts_with_the_average_of_its_cases_and_a_task_keeps_its_quickest_mistake(tmp_path: Path) -> None:
    results = tmp_path / "results.xml"
    results.write_text(RESULTS, encoding="utf-8")
    restart, page = "tests/cloud/test_rds.py::test_a_restart", "tests/unit/test_site.py::test_a_page"
    mistakes = [f"{slow_tests.MISTAKES}[{name}]" for name in ("5.1-no-target", "5.11-no-wait")]
    at_once = "tests/cloud/test_at_once.py::TestAtOnce::runTest"
    assert slow_tests.slow_tests(results, 0.6) == [at_once, restart, *mistakes, page]
    assert slow_tests.slow_tests(results, 0.7) == [*mistakes, page]


def test_each_test_of_the_list_exists() -> None:
    gone = []
    for test in slow_tests.listed():
        file, _, name = test.partition("[")[0].partition("::")
        source = (ROOT / file).read_text(encoding="utf-8") if (ROOT / file).is_file() else ""
        if not re.search(rf"^(?:async def |def |class |[\w, ]*){name.partition('::')[0]}\b", source, re.MULTILINE):
            gone.append(test)
    assert gone == []


def test_a_file_that_is_slow_on_average_is_listed_instead_of_its_tests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results, rds, pool = tmp_path / "results.xml", "tests/cloud/test_rds.py", "tests/unit/test_pool.py::test_a_queue"
    results.write_text(RESULTS, encoding="utf-8")
    monkeypatch.setattr(slow_tests, "LIST", tmp_path / "slow.txt")
    slow_tests.LIST.write_text(f"{rds}::test_a_name\n{pool}\n", encoding="utf-8")
    assert slow_tests.main(["--files", str(results), str(results)]) == 0
    assert slow_tests.listed() == {
        f"{rds}::test_a_name",
        "tests/cloud/test_at_once.py",
        pool,
        "tests/unit/test_site.py",
    }


def test_each_task_but_the_slowest_keeps_a_mistake_for_make_test() -> None:
    """After a mistake was taken out, tools/slow_tests.py has to write the list again."""
    tasks = {task.id for module in course.load().ready_modules for task in module.tasks}
    rooms = ROOT.glob("modules/*/mistakes/*.py")
    kept = {path.stem for path in rooms} - {test.partition("[")[2][:-1] for test in slow_tests.listed()}
    assert tasks - {name.partition("-")[0] for name in kept} == {"5.2", "12.1", "12.2", "12.3", "12.4", "12.5"}


def test_wrong_words_are_answered_with_the_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert slow_tests.main([]) == 2
    assert "python -m tools.slow_tests /tmp/all.xml" in capsys.readouterr().err
