"""`serverless-cloud patches` lists what the local cloud changes in moto."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from serverless_cloud.core import patches

COMMAND = [sys.executable, "-c", "from serverless_cloud.cli import main; main()"]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Runs the command in a process of its own, because it imports much of moto."""
    return subprocess.run([*COMMAND, *words], capture_output=True, encoding="utf-8", timeout=120, check=False)


@pytest.fixture(scope="module")
def listed() -> str:
    done = run("patches")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_each_service_has_its_changes(listed: str) -> None:
    heads = [line for line in listed.splitlines() if not line.startswith(" ")]
    assert [head.partition(":")[0] for head in heads][:3] == ["moto", "lambda", "s3"]
    assert len(heads) == 16
    total = sum(int(head.split()[-1]) for head in heads)
    assert total == sum(line.startswith("    why: ") for line in listed.splitlines())
    assert total > 400


def test_the_documentation_has_the_list(listed: str) -> None:
    kept = (Path(__file__).resolve().parents[3] / "docs" / "patches.txt").read_text(encoding="utf-8")
    assert kept == listed, "run: serverless-cloud patches > docs/patches.txt"


def test_a_change_tells_target_function_reason_and_description(listed: str) -> None:
    _, found = listed.split("moto.awslambda.models:LambdaBackend.delete_function\n")
    assert found.splitlines()[:3] == [
        "    replaced by services.lambda_.changes.delete_function(self, function_name, qualifier=None)",
        "    why: "
        "engine/tests/services/test_moto_patches.py::test_stock_moto_still_has_the_defect[a_version_in_use_may_be_deleted]",
        "    upstream: DeleteFunction refuses to delete a version that an alias uses.",
    ]


def test_one_service_and_only_what_moto_could_change() -> None:
    done = run("patches", "lambda", "--upstream")
    number = done.stdout.count("upstream: ")
    assert done.stdout.startswith(f"lambda: changes of moto {patches.MOTO}: {number}\n")
    assert 0 < number < run("patches", "lambda").stdout.count("why: ")


def test_an_unknown_service_is_refused_with_those_there_are() -> None:
    done = run("patches", "lamps")
    assert done.returncode == 2
    assert "Nothing of 'lamps' is changed. Services: moto, lambda," in done.stderr.replace("\n", " ")
