"""Everyday commands of the AWS CLI: data/aws_cli.txt has them with what they print."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kits import client_kit
from kits.client_kit import Shell

pytestmark = pytest.mark.nightly

SESSIONS = Path(__file__).parents[1] / "data" / "aws_cli.txt"
#: Version 1, the one on PyPI, ignores AWS_ENDPOINT_URL for SQS and RDS.
HEAD = 'aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }'
MARK = "=====8<====="


def sessions() -> dict[str, list[tuple[str, str]]]:
    """The commands of each service, with their output; "..." stands for anything within a line."""
    found: dict[str, list[tuple[str, str]]] = {}
    for name, text in re.findall(r"^# (\w+)\n(.*?)(?=^# |\Z)", SESSIONS.read_text("utf-8"), re.DOTALL | re.MULTILINE):
        parts = [part.partition("\n") for part in text.strip().removeprefix("$ ").split("\n$ ")]
        found[name] = [(command, output.strip()) for command, _, output in parts]
    return found


@pytest.mark.parametrize("service", sessions())
def test_everyday_commands_print_what_they_print_on_aws(
    service: str, shell: Callable[..., Shell], clients: Path
) -> None:
    run = shell(client_kit.python_client(clients, "awscli"))
    run.environ["PYTHON"] = f"python3.{sys.version_info.minor}"
    commands = sessions()[service]
    script = [HEAD, *(f"{command}\necho '{MARK}'" for command, _ in commands)]
    run.write("session.sh", "\n".join(script))
    outputs = [output.strip() for output in run("bash session.sh").split(MARK)][: len(commands)]
    for (command, expected), output in zip(commands, outputs, strict=True):
        pattern = ".*".join(re.escape(part) for part in expected.split("..."))
        assert re.fullmatch(pattern, output), f"$ {command}\n{output}\ninstead of\n{expected}"
