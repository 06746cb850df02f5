"""tools/seeded_faults.py: each fault fits the code, and whatever happens, the file is put back."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from tools import seeded_faults
from tools.rooms import select_tests
from tools.seeded_faults import FAILURE, FAULTS, Fault, judge, load, refuse_changed

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ["engine", "proxy", "lab kit", "checks", "simulations", "figures", "build"]
LOGIN = "engine/src/serverless_cloud/rds_proxy/login.py"
CODE = "def may_log_in(self):\n    if self.is_open and not self.is_full:\n        return True\n    return True\n"
FAULT = Fault("proxy", LOGIN, "if self.is_open and not self.is_full:", "if self.is_open and self.is_full:", "No seat.")
CAUGHT = (1, "E   assert False\nFAILED engine/tests/rds_proxy/test_login.py::test_seat[no - seat] - assert False\n")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with one file of the proxy and one of its tests."""
    for name, text in ((LOGIN, CODE), ("engine/tests/rds_proxy/test_login.py", "")):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    os.utime(tmp_path / LOGIN, (1_700_000_000, 1_700_000_000))
    names = ["-c", "user.name=Hikari", "-c", "user.email=lamp@example.com"]
    for words in (["init", "-q"], ["add", "."], [*names, "commit", "-qm", "Let clients log in"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path


def is_as_before(checkout: Path) -> bool:
    file = checkout / LOGIN
    return file.read_text(encoding="utf-8") == CODE and file.stat().st_mtime == 1_700_000_000


@pytest.mark.parametrize(("number", "fault"), load(FAULTS).items(), ids=lambda x: x if isinstance(x, int) else "")
def test_each_fault_changes_one_line_of_its_file_and_tests_look_at_it(number: int, fault: Fault) -> None:
    text = (ROOT / fault.file).read_text(encoding="utf-8")
    changed = fault.planted_in(text)
    pairs = zip(text.splitlines(), changed.splitlines(), strict=True)
    assert [(a.strip(), b.strip()) for a, b in pairs if a != b] == [(fault.line, fault.fault)], number
    if fault.file.endswith(".py"):
        compile(changed, fault.file, "exec")
    tests = select_tests(ROOT, [fault.file])
    assert tests != []
    assert not {"tests/unit", "tests/unit/test_seeded_faults.py"} & set(tests)  # this very test would catch each fault


def test_there_are_forty_faults_and_some_in_each_room() -> None:
    faults = list(load(FAULTS).values())
    assert len(faults) >= 40
    assert list(dict.fromkeys(fault.room for fault in faults)) == ROOMS
    assert len({(fault.file, fault.line) for fault in faults}) == len(faults)


def test_the_fault_is_there_while_the_tests_run_and_gone_when_one_has_failed(checkout: Path) -> None:
    def run(arguments: list[str]) -> tuple[int, str]:
        assert arguments == ["engine/tests/rds_proxy"]
        assert (checkout / LOGIN).read_text(encoding="utf-8") == CODE.replace("not ", "")
        return CAUGHT

    (verdict,) = judge(checkout, {7: FAULT}, run)
    assert (verdict.number, verdict.is_caught) == (7, True)
    assert verdict.words == "caught by engine/tests/rds_proxy/test_login.py::test_seat[no - seat]"
    assert is_as_before(checkout)


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit, OSError])
def test_an_interrupted_run_puts_the_file_back(interrupt: type[BaseException], checkout: Path) -> None:
    def run(_: list[str]) -> tuple[int, str]:
        assert not is_as_before(checkout)
        raise interrupt

    with pytest.raises(interrupt):
        list(judge(checkout, {1: FAULT}, run))
    assert is_as_before(checkout)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((0, "3 passed\n"), "NOT CAUGHT"),
        ((5, "no tests ran\n"), "NOT CAUGHT, pytest exited with code 5: no tests ran"),
        (
            (1, "ERROR    asyncio:base.py:1 lost\n"),
            "NOT CAUGHT, pytest exited with code 1: ERROR    asyncio:base.py:1 lost",
        ),
    ],
)
def test_a_run_without_a_failed_test_has_caught_nothing(answer: tuple[int, str], words: str, checkout: Path) -> None:
    (verdict,) = judge(checkout, {1: FAULT}, lambda _: answer)
    assert (verdict.is_caught, verdict.words) == (False, words)


def test_a_file_that_cannot_be_collected_and_a_cell_of_a_notebook_are_failures() -> None:
    output = "ERROR tests/x.py - ImportError: no seats\nFAILED solutions/05.ipynb::Cell 12\nFAILED tests/y.py - [0]\n"
    assert FAILURE.findall(output) == ["tests/x.py", "solutions/05.ipynb::Cell 12", "tests/y.py"]


def test_changed_files_are_refused(checkout: Path) -> None:
    refuse_changed(checkout, [LOGIN])
    (checkout / "engine/tests/rds_proxy/test_login.py").write_text("# another\n", encoding="utf-8")
    refuse_changed(checkout, [LOGIN])
    (checkout / LOGIN).write_text("# mine\n", encoding="utf-8")
    with pytest.raises(SystemExit, match=r"Commit or revert them first:\n M .*/src/.*login\.py$"):
        refuse_changed(checkout, [LOGIN])


@pytest.mark.parametrize(
    ("line", "after", "says"),
    [
        ("return True", "", "must contain this line once, but has it 2 times: return True"),
        ("return False", "", "has it 0 times"),
        ("if self.is_open", "", "has it 0 times"),
        ("return True", "return False", "must contain this line once, but has it 0 times: return False"),
        ("def may_log_in(self):", FAULT.line, "not in list"),
    ],
)
def test_a_line_that_is_not_clear_is_refused(line: str, after: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Fault("proxy", LOGIN, line, "pass", "No seat.", after).planted_in(CODE)


def test_after_another_line_the_next_such_line_is_meant() -> None:
    fault = Fault("proxy", LOGIN, "return True", "return False", "No seat.", FAULT.line)
    assert fault.planted_in(CODE) == CODE.replace("True", "False", 1)


@pytest.mark.parametrize(
    ("answer", "code", "row"), [(CAUGHT, 0, "| caught by engine/tests/"), ((0, ""), 1, "| NOT CAUGHT |")]
)
def test_the_command_reports_and_fails_if_too_few_are_caught(
    answer: tuple[int, str], code: int, row: str, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (checkout / "faults.yml").write_text(
        f"- {{room: proxy, file: {LOGIN}, line: '{FAULT.line}', fault: '{FAULT.fault}', slip: No seat.}}\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(seeded_faults, "ROOT", checkout)
    monkeypatch.setattr(seeded_faults, "FAULTS", checkout / "faults.yml")
    monkeypatch.setattr(seeded_faults, "run_pytest", lambda *_: answer)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: SimpleNamespace(origin=str(checkout / LOGIN)))
    report = checkout / "report.md"
    assert seeded_faults.main(["--only", "1", "--report", str(report)]) == code
    assert row in report.read_text(encoding="utf-8")
    assert f"- all: {1 - code} of 1 caught, 1 needed" in report.read_text(encoding="utf-8")
    assert is_as_before(checkout)


def test_another_checkouts_code_is_not_judged(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: SimpleNamespace(origin=str(checkout / LOGIN)))
    with pytest.raises(SystemExit, match="another checkout"):
        seeded_faults.main(["--only", "1"])


def test_nine_in_ten_are_needed() -> None:
    assert [seeded_faults.needed(count) for count in (1, 9, 10, 40, 41)] == [1, 9, 9, 36, 37]
