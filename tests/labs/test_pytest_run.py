"""The learner's own tests: what `run_pytest` tells of them, and that they reach nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from serverless_first.lab.pytest_run import FAILED, NONE_FOUND, PASSED, TIMED_OUT, run_pytest, run_pytest_on_copies


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The learner's folder, with a local cloud's address around."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1/")
    monkeypatch.setenv("AWS_PROFILE", "work")
    (tmp_path / "stock.py").write_text("LEFT = 3\n")
    return tmp_path


def run(folder: Path, test: str, **options: float) -> tuple[int, str]:
    (folder / "test_stock.py").write_text(test)
    done = run_pytest("test_stock.py", "stock.py", timeout_s=options.get("timeout_s", 60.0))
    return done.exit_code, done.verdicts


def test_a_test_that_passes(folder: Path) -> None:
    answer = run(folder, "import stock\ndef test_left():\n    assert stock.LEFT == 3\n")
    assert answer == (PASSED, "PASSED test_stock.py::test_left")


def test_a_test_that_fails_says_why_and_no_time(folder: Path) -> None:
    exit_code, verdicts = run(folder, "import stock\ndef test_left():\n    assert stock.LEFT == 2\n")
    assert exit_code == FAILED
    assert verdicts.splitlines()[0] == "E       assert 3 == 2"
    assert verdicts.splitlines()[-1].startswith("FAILED test_stock.py::test_left")


def test_a_copy_takes_the_place_of_a_file(folder: Path) -> None:
    (folder / "test_stock.py").write_text("import stock\ndef test_left():\n    assert stock.LEFT == 3\n")
    assert run_pytest_on_copies("test_stock.py", "stock.py", copies=[{"stock.py": "LEFT = 0\n"}]) == [FAILED]
    assert (folder / "stock.py").read_text() == "LEFT = 3\n"
    assert {p.name for p in folder.iterdir()} == {"stock.py", "test_stock.py"}


@pytest.mark.parametrize("name", ["json.py", "code.py", "random.py"])
def test_a_file_named_like_one_of_pythons_own_is_not_taken_for_it(folder: Path, name: str) -> None:
    (folder / name).write_text("raise RuntimeError('the learner has a file of this name')\n")
    (folder / "test_stock.py").write_text("import stock\ndef test_left():\n    assert stock.LEFT == 3\n")
    done = run_pytest("test_stock.py", "stock.py", name, timeout_s=60.0)
    assert (done.exit_code, done.verdicts) == (PASSED, "PASSED test_stock.py::test_left")


def test_no_test_is_found(folder: Path) -> None:
    assert run(folder, "def check_left():\n    assert False\n") == (NONE_FOUND, "")


def test_moto_answers_though_a_local_cloud_is_on(folder: Path) -> None:
    inside = "import boto3\nfrom moto import mock_aws\n@mock_aws\ndef test_none():\n"
    inside += "    assert boto3.client('s3').list_buckets()['Buckets'] == []\n"
    assert run(folder, inside)[0] == PASSED


def test_a_call_outside_of_moto_is_refused(folder: Path) -> None:
    exit_code, verdicts = run(folder, "import boto3\ndef test_none():\n    boto3.client('s3').list_buckets()\n")
    assert exit_code == FAILED
    assert "RealAwsRefused" in verdicts
    assert "mock_aws" in verdicts  # what helps here, and not how to reach AWS on purpose
    assert "allow_real_aws" not in verdicts
    assert "--allow-real-aws" not in verdicts


def test_a_test_without_end_is_ended(folder: Path) -> None:
    endless = "import threading\ndef test_waits():\n    threading.Event().wait()\n"
    assert run(folder, endless, timeout_s=3.0)[0] == TIMED_OUT


def test_a_missing_file_is_named(folder: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"test_stock\.py"):
        run_pytest("test_stock.py", "stock.py")
    assert folder.is_dir()


def test_copies_are_run_in_one_process_and_know_nothing_of_each_other(folder: Path) -> None:
    test = "import stock\ndef test_left():\n    assert stock.LEFT == 3\n    while stock.LEFT != 3:\n        pass\n"
    (folder / "test_stock.py").write_text(test)
    copies = [{"stock.py": "LEFT = 2\n"}, {}, {"stock.py": "LEFT = 4\n"}, {"test_stock.py": "import stock\n"}]
    assert run_pytest_on_copies("test_stock.py", "stock.py", copies=copies) == [FAILED, PASSED, FAILED, NONE_FOUND]


def test_copies_that_do_not_end_are_ended(folder: Path) -> None:
    (folder / "test_stock.py").write_text("import stock\ndef test_left():\n    while stock.LEFT == 3:\n        pass\n")
    codes = run_pytest_on_copies("test_stock.py", "stock.py", copies=[{"stock.py": "LEFT = 2\n"}, {}, {}], timeout_s=8)
    assert codes == [PASSED, TIMED_OUT, TIMED_OUT]
