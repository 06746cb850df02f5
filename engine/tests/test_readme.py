"""The examples in engine/README.md run as they stand, the fixture in a project of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).resolve().parents[1] / "README.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
NEXT_TEST = """

def test_the_next_one_finds_nothing(local_cloud):
    assert "QueueUrls" not in boto3.client("sqs").list_queues()
"""


def test_the_queue_and_the_function_work(tmp_path: Path) -> None:
    (tmp_path / "example.py").write_text(EXAMPLES[0], encoding="utf-8")
    done = subprocess.run([sys.executable, "example.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, ["ONE LAMP"]), done.stderr


def test_the_fixture_gives_each_test_an_empty_cloud(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(EXAMPLES[1], encoding="utf-8")
    (tmp_path / "test_orders.py").write_text(EXAMPLES[2] + NEXT_TEST, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_orders.py"]
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "AWS_"))}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120)
    assert "2 passed" in done.stdout, done.stdout
