"""Runs the learner's own tests with pytest: in their own folder, without the local cloud, without the network.

The tests use `moto.mock_aws`, which answers boto3 in memory. It catches what would go to AWS, and the local cloud is
not AWS: so its variables are taken away. A call that moto does not catch meets the guard and ends in `RealAwsRefused`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from serverless_cloud.notebook import leftovers

TIMED_OUT = -1
PASSED, FAILED, NONE_FOUND = 0, 1, 5  # pytest's exit codes (pytest documentation, "Exit codes")
_VERDICTS = ("PASSED", "FAILED", "ERROR", "E  ")
# The guard's advice is for notebooks, and speaks of how to reach AWS on purpose: no test of this course wants that.
_ADVICE = re.compile(r"Nothing was sent\..*")
_MOTO = "Nothing was sent. moto answers only inside mock_aws."
_REGION = "ap-northeast-1"
_OPTIONS = ("--color=no", "-p", "no:cacheprovider", "-c", os.devnull)
_GUARDED = (
    "import sys; from serverless_cloud import guard; guard.arm(); import pytest; sys.exit(pytest.main(sys.argv[1:]))"
)
#: Runs the same tests in folder after folder, and prints pytest's exit code of each: to load moto takes longest.
_ONE_AFTER_THE_OTHER = """
import os, sys
from serverless_cloud import guard
guard.arm()
import pytest
end = sys.argv.index("--")
folders, options = sys.argv[1:end], sys.argv[end + 1 :]
for folder in folders:
    os.chdir(folder)
    for file in os.listdir(folder):
        sys.modules.pop(file.removesuffix(".py"), None)
    path = list(sys.path)
    code = int(pytest.main([f"--rootdir={folder}", *options]))
    sys.path[:] = path
    print(f"\\n{folder}: exit code {code}", flush=True)
"""


@dataclass(frozen=True)
class PytestRun:
    """How a run of pytest ended.

    Args:
        exit_code: pytest's own, or TIMED_OUT.
    """

    exit_code: int
    output: str

    @property
    def verdicts(self) -> str:
        """The verdict on each test, and the lines that say why one failed; no times, so it is the same each run."""
        lines = (_ADVICE.sub(_MOTO, line.rstrip()) for line in self.output.splitlines())
        return "\n".join(line for line in lines if line.startswith(_VERDICTS))


def run_pytest(*names: str, timeout_s: float = 30.0) -> PytestRun:
    """Copies files from the current folder into a new one and runs pytest there.

    Args:
        names: the files; pytest collects those named test_*.py.
        timeout_s: seconds after which the run is ended.

    Raises:
        FileNotFoundError: a file is missing.
    """
    with tempfile.TemporaryDirectory(
        prefix="serverless-first-", dir=leftovers.scratch(), ignore_cleanup_errors=True
    ) as folder:
        for name in names:
            shutil.copyfile(name, Path(folder) / name)
        tests = [name for name in names if name.startswith("test_")]
        # -P keeps the folder from the start of the path: a learner's json.py must not be taken for Python's own. pytest
        # itself puts the tests' folder there, once it is loaded, so that they can import what they test.
        # The options keep out settings and plug-ins that lie around on this machine.
        options = ["-rA", f"--rootdir={folder}", *_OPTIONS]
        return _run(_GUARDED, [*options, *tests], folder, timeout_s)


def run_pytest_on_copies(*names: str, copies: Sequence[Mapping[str, str]], timeout_s: float = 60.0) -> list[int]:
    """Runs the same tests on copies of what they test; all in one process, which saves most of the time.

    Args:
        names: the files; pytest collects those named test_*.py.
        copies: for each run, the texts to use instead of files, by their names.
        timeout_s: seconds after which all is ended.

    Returns:
        pytest's exit code of each run, or TIMED_OUT for a run that did not end.

    Raises:
        FileNotFoundError: a file is missing.
    """
    with tempfile.TemporaryDirectory(
        prefix="serverless-first-", dir=leftovers.scratch(), ignore_cleanup_errors=True
    ) as home:
        folders = [Path(home).resolve() / f"copy-{number}" for number in range(len(copies))]
        for folder, replaced in zip(folders, copies, strict=True):
            folder.mkdir()
            for name in names:
                text = replaced[name] if name in replaced else Path(name).read_text(encoding="utf-8")
                (folder / name).write_text(text, encoding="utf-8")
        tests = [name for name in names if name.startswith("test_")]
        output = _run(_ONE_AFTER_THE_OTHER, [*map(str, folders), "--", "-q", *_OPTIONS, *tests], home, timeout_s).output
        exit_codes = dict(re.findall(r"^(.+): exit code (\d+)$", output, re.MULTILINE))
    return [int(exit_codes.get(str(folder), TIMED_OUT)) for folder in folders]


def _run(script: str, arguments: Sequence[str], folder: str, timeout_s: float) -> PytestRun:
    """Runs one of the scripts above in a folder."""
    try:
        run = subprocess.run(
            [sys.executable, "-P", "-X", "utf8", "-c", script, *arguments],
            cwd=folder,
            env=_environ(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout_s,
            encoding="utf-8",
            errors="replace",
        )
    except subprocess.TimeoutExpired as error:
        text = error.stdout or b""
        return PytestRun(TIMED_OUT, text if isinstance(text, str) else text.decode("utf-8", "replace"))
    return PytestRun(run.returncode, run.stdout)


def _environ() -> dict[str, str]:
    """No AWS settings except a Region, made-up keys, and paths of missing files instead of the learner's files."""
    variables = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "MOTO_", "PYTEST_"))}
    return {
        **variables,
        "AWS_DEFAULT_REGION": _REGION,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
