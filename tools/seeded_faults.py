"""Plants faults in the course's code, one at a time, and reports which ones `make test` catches.

    python -m tools.seeded_faults [--only 3,7] [--workers 4] [--list] [--report FILE]

The faults are in seeded_faults.yml. For each fault, pytest runs the tests that cover the file (rooms.py) and stops at
the first failure. Then the script restores the file. A test that fails without a fault counts as a catch, so run
`make test` first. The exit code is 1 if fewer than nine in ten are caught.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from tools.rooms import leave_other_modules_out, select_tests
from tools.run_tests import PYTEST, ROOT, SETS, WORKERS, surroundings

FAULTS = ROOT / "tools" / "seeded_faults.yml"
END_S = 60.0  # that pytest gets to stop its clouds and databases after an interrupt
FAILURE = re.compile(
    r"^(?:FAILED|ERROR) ((?:tests|engine/tests|notebooks|solutions)/[^\[\n]*?(?:\[.*?\])?)(?: - .*)?$", re.MULTILINE
)
#: Runs pytest on these arguments; returns its exit code and its output.
Run = Callable[[list[str]], tuple[int, str]]


@dataclass(frozen=True)
class Fault:
    """One slip of a maintainer; seeded_faults.yml explains the fields."""

    room: str
    file: str
    line: str
    fault: str
    slip: str
    after: str = ""

    def planted_in(self, text: str) -> str:
        """The file's text with the fault in it.

        Raises:
            ValueError: the line is missing or appears more than once.
        """
        lines = text.splitlines(keepends=True)
        stripped, once = [line.strip() for line in lines], self.after or self.line
        if stripped.count(once) != 1:
            raise ValueError(
                f"{self.file} must contain this line once, but has it {stripped.count(once)} times: {once}"
            )
        place = stripped.index(self.line, stripped.index(once))
        lines[place] = lines[place].replace(self.line, self.fault, 1)
        return "".join(lines)


@dataclass(frozen=True)
class Verdict:
    """The result for one fault. `words` names the first test that failed."""

    number: int
    fault: Fault
    is_caught: bool
    words: str
    seconds: float


def load(path: Path) -> dict[int, Fault]:
    """The faults by their numbers, which begin at 1."""
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {number: Fault(**entry) for number, entry in enumerate(entries, 1)}


def refuse_changed(root: Path, files: Iterable[str]) -> None:
    """Raises SystemExit if one of the files has changes that are not committed."""
    command = ["git", "status", "--porcelain", "--", *sorted(set(files))]
    changed = subprocess.run(command, cwd=root, capture_output=True, encoding="utf-8", check=True).stdout
    if changed:
        advice = "Faults go into these files, which have uncommitted changes. Commit or revert them first:"
        raise SystemExit(f"{advice}\n{changed.rstrip()}")


@contextlib.contextmanager
def planted(root: Path, fault: Fault) -> Iterator[None]:
    """Puts the fault in its file for the duration of the block, then restores the file, even after an error."""
    path = root / fault.file
    original, times = path.read_bytes(), path.stat()
    faulty = fault.planted_in(original.decode()).encode()
    try:
        path.write_bytes(faulty)
        yield
    finally:
        path.write_bytes(original)
        # Python reuses bytecode if size and modification time match. With the old time, it compiles the file again.
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def judge(root: Path, faults: Mapping[int, Fault], run: Run) -> Iterator[Verdict]:
    """Plants each fault, runs the tests that cover its file, and yields the verdict once the file is restored."""
    for number, fault in faults.items():
        tests = select_tests(root, [fault.file])
        if not tests:
            raise ValueError(f"No test covers {fault.file}.")
        started_s = time.monotonic()
        with planted(root, fault):
            code, output = run([*tests, *leave_other_modules_out(root, [fault.file])])
        failure = FAILURE.search(output)
        words = "NOT CAUGHT" if code == 0 else f"NOT CAUGHT, pytest exited with code {code}: {output.strip()[-200:]}"
        words = f"caught by {failure[1]}" if failure else words
        yield Verdict(number, fault, failure is not None, words, time.monotonic() - started_s)


def run_pytest(arguments: list[str], workers: int, env: Mapping[str, str]) -> tuple[int, str]:
    """Runs pytest up to its first failure; if it is interrupted, pytest gets time to clean up."""
    command = [*PYTEST, "-n", str(workers), "-m", SETS["short"], "-x", "-q", *arguments]
    # Into a file, because a process left over from a test would keep a pipe open.
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        # In its own session: Ctrl-C reaches only this process, which tells pytest.
        process = subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, env=env, stdout=output, stderr=output, start_new_session=True
        )
        try:
            process.wait()
        except BaseException:
            with contextlib.suppress(ValueError, subprocess.TimeoutExpired):  # Windows can't send SIGINT to one process
                process.send_signal(signal.SIGINT)
                process.wait(END_S)
            process.kill()
            raise
        output.seek(0)
        return process.returncode, output.read()


def summary(verdicts: list[Verdict]) -> list[str]:
    """How many faults of each room were caught, a line each, and how many of all."""
    faults = Counter(v.fault.room for v in verdicts)
    caught = Counter(v.fault.room for v in verdicts if v.is_caught)
    rooms = [f"{room}: {caught[room]} of {count} caught" for room, count in faults.items()]
    return [*rooms, f"all: {caught.total()} of {faults.total()} caught, {needed(faults.total())} needed"]


def needed(count: int) -> int:
    """Nine in ten, rounded up."""
    return -(-9 * count // 10)


def report(verdicts: list[Verdict]) -> str:
    """The verdicts as a table in Markdown, the summary below it."""
    lines = ["| number | room | file | slip | verdict | seconds |", "|-|-|-|-|-|-|"]
    for v in verdicts:
        cells = (str(v.number), v.fault.room, f"`{v.fault.file}`", v.fault.slip, v.words, f"{v.seconds:.0f}")
        row = " | ".join(" ".join(cell.split()).replace("|", r"\|") for cell in cells)
        lines.append(f"| {row} |")
    return "\n".join([*lines, "", *(f"- {line}" for line in summary(verdicts)), ""])


def main(words: list[str]) -> int:
    """The command line, see above."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", type=lambda text: [int(n) for n in text.split(",")], help="numbers, as in 3,7")
    parser.add_argument("--workers", type=int, default=WORKERS, help="how many processes pytest uses")
    parser.add_argument("--list", action="store_true", help="list the faults and exit")
    parser.add_argument("--report", type=Path, help="write the verdicts to this Markdown file")
    options = parser.parse_args(words)
    faults = load(FAULTS)
    if unknown := set(options.only or ()) - faults.keys():
        parser.error(f"unknown fault {min(unknown)}; choose numbers from 1 to {len(faults)}")
    faults = {number: fault for number, fault in faults.items() if number in (options.only or faults)}
    if options.list:
        print("\n".join(f"{number:2} {fault.room}: {fault.file}: {fault.slip}" for number, fault in faults.items()))
        return 0
    course = importlib.util.find_spec("serverless_first")
    if course is None or not Path(course.origin or "/").resolve().is_relative_to(ROOT):
        raise SystemExit(
            f"The tests would import another checkout's code. Set PYTHONPATH={ROOT / 'src'}:{ROOT / 'engine' / 'src'}"
        )
    refuse_changed(ROOT, [fault.file for fault in faults.values()])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that the file is put back
    env = surroundings()
    verdicts: list[Verdict] = []
    for verdict in judge(ROOT, faults, lambda arguments: run_pytest(arguments, options.workers, env)):
        verdicts.append(verdict)
        where = f"{len(verdicts)}/{len(faults)} fault {verdict.number}, {verdict.fault.file}"
        print(f"{where}: {verdict.words} ({verdict.seconds:.0f} s)", flush=True)
        if options.report:
            options.report.write_text(report(verdicts), encoding="utf-8")
    print("", *summary(verdicts), sep="\n")
    return int(sum(v.is_caught for v in verdicts) < needed(len(verdicts)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
