"""`make test-changed`: each change finds tests, and each room of the table has some."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tools.rooms import CODE, OTHER, ROOMS, changed_files, leave_other_modules_out, matching, select_tests

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("pattern", sorted({p for patterns in (ROOMS | OTHER).values() for p in patterns}))
def test_each_pattern_names_tests(pattern: str) -> None:
    assert matching(ROOT, [pattern]) != []


def test_each_room_is_a_part_of_the_code() -> None:
    parts = [path.relative_to(ROOT).as_posix() for code in CODE for path in (ROOT / code).rglob("*.py")]
    assert [room for room in ROOMS if not any(part.startswith(room) for part in parts)] == []


@pytest.mark.parametrize(
    ("name", "test"),
    [
        ("engine/src/serverless_cloud/rds_proxy/pool.py", "engine/tests/rds_proxy"),
        ("engine/src/serverless_cloud/sources/sqs_scaling.py", "engine/tests/sources/test_sqs_mapping.py"),
        ("src/serverless_first/facts/prices.py", "tests/unit"),
        ("src/serverless_first/simulate/cost.py", "tests/unit/test_elastic_figures.py"),  # it imports the file
        ("src/serverless_first/lab/broken_copies.py", "tests/labs"),
        ("modules/05-rds-proxy/lesson.md", "notebooks/05-rds-proxy.ipynb"),
        ("modules/08-microservices-and-apis/checks_events.py", "solutions/08-microservices-and-apis.ipynb"),
        ("modules/08-microservices-and-apis/checks_events.py", "tests/labs/test_stock_at_once.py"),
        ("engine/tests/kits/batch_kit.py", "engine/tests/batch/test_batch_jobs.py"),
        ("engine/tests/rds_proxy/traffic/conftest.py", "engine/tests/rds_proxy/traffic"),
        ("tests/unit/test_pool.py", "tests/unit/test_pool.py"),
    ],
)
def test_a_changed_file_finds_its_tests(name: str, test: str) -> None:
    assert test in select_tests(ROOT, [name])


def test_a_folder_holds_its_files_so_that_none_runs_twice() -> None:
    assert select_tests(ROOT, ["tests/unit/test_pool.py", "src/serverless_first/facts/glossary.py"]) == ["tests/unit"]


def test_checks_and_mistakes_ask_for_the_labs_and_the_solution_only() -> None:
    files = ["modules/05-rds-proxy/checks_restart.py", "modules/05-rds-proxy/mistakes/5.4-tries-once.py"]
    for file in files:
        assert select_tests(ROOT, [file]) == ["solutions/05-rds-proxy.ipynb", "tests/labs/test_labs.py"]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (["src/serverless_first/simulate/pool.py"], None),
        (["modules/05-rds-proxy/checks.py"], "05-rds-proxy or [5."),
        (["modules/00-start-here/lab.md"], "00-start-here or [0. or test_answers.py or test_broken_copies.py"),
        (["modules/05-rds-proxy/checks.py", "modules/11-choosing-compute/checks.py"], "or [5. or 11-choosing-compute"),
        # What others need runs whole.
        (["modules/05-rds-proxy/checks.py", "tests/unit/test_pool.py"], "05-rds-proxy or [5. or test_pool.py"),
        (["modules/05-rds-proxy/checks.py", "tests/labs/test_labs.py"], "05-rds-proxy or [5. or test_labs.py"),
        (
            ["modules/05-rds-proxy/checks.py", "engine/tests/rds_proxy/traffic/conftest.py"],
            "or test_back_pressure.py or",
        ),
    ],
)
def test_a_module_leaves_the_labs_of_others_out(files: list[str], words: str | None) -> None:
    *option, expression = leave_other_modules_out(ROOT, files) or [""]
    assert option == ([] if words is None else ["-k"])
    assert (words or "") in expression
    assert words is None or ("test_labs.py" in expression) == ("test_labs.py" in words)


def test_a_page_that_no_test_reads_and_a_test_that_is_gone_ask_for_nothing() -> None:
    assert select_tests(ROOT, ["LICENSE", "tests/unit/test_of_last_year.py"]) == []


def test_new_changed_and_committed_files_count(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        names = ["-c", "user.name=Hikari", "-c", "user.email=lamp@example.com"]
        subprocess.run(["git", *names, *words], cwd=tmp_path, check=True, capture_output=True)

    git("init", "-q")
    for name in ("first.py", "second.py", "untouched.py"):
        (tmp_path / name).write_text("lamp = 1\n", encoding="utf-8")
    git("add", ".")
    git("commit", "-qm", "Sell a lamp")
    (tmp_path / "first.py").write_text("lamp = 2\n", encoding="utf-8")
    git("commit", "-qam", "Sell two lamps")
    (tmp_path / "second.py").write_text("lamp = 3\n", encoding="utf-8")
    (tmp_path / "電球.py").write_text("lamp = 4\n", encoding="utf-8")
    assert changed_files(tmp_path) == ["first.py", "second.py", "電球.py"]
    assert changed_files(tmp_path, "HEAD") == ["second.py", "電球.py"]
    with pytest.raises(SystemExit, match=r"'v9'.*\nSet SINCE to a commit"):
        changed_files(tmp_path, "v9")
