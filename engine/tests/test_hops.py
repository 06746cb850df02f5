"""The way of one warm invocation through the engine: short, and as docs/architecture.md describes it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
MOST_STEPS = 12
#: Rooms and files outside them that the server's process enters. Lower it when there are fewer, and never raise it.
PLACES = 8
#: Where the steps are that the server's process does not take.
ELSEWHERE = ("guard.py", "lambda_/bootstrap.py")

#: Invokes a function in a server in this process, and tells which functions of the engine the server's threads enter.
PROGRAM = """
import os, sys, threading
from kits import cloud_kit as kit
import serverless_cloud
from serverless_cloud.server import CloudServer

engine = os.path.dirname(serverless_cloud.__file__) + os.sep
entered = []

def note(frame, event, _):
    code = frame.f_code
    if event == "call" and code.co_filename.startswith(engine):
        file = code.co_filename.removeprefix(engine).replace(os.sep, "/")
        entered.append((file, code.co_qualname.replace(".<locals>", "")))

def traced():
    entered.clear()
    kit.invoke("price")
    return list(entered)

threading.setprofile(note)  # of the threads that start from now on
server = CloudServer()
serving = threading.Thread(target=server.serve)
serving.start()
os.environ |= {"AWS_ENDPOINT_URL": server.endpoint_url, "AWS_DEFAULT_REGION": "us-east-1",
               "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
kit.deploy("price", kit.COUNT)
kit.invoke("price")
warm, *more = [traced() for _ in range(3)]
kit.raw(server.endpoint_url, "POST", "/_local/settings", b'{"enforce_iam": true}')
kit.say(warm=warm, enforced=traced(), more_1=more[0], more_2=more[1])
server.stop_soon()
serving.join()
"""


@pytest.fixture(scope="module")
def entered(program_class: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, list[list[str]]]]:
    """The functions that two warm invocations enter, in their order: (file, name). The second is judged by IAM."""
    program = program_class(PROGRAM, tmp_path_factory.mktemp("hops"), {}, own_group=False)
    try:
        yield program.hear()
    finally:
        program.close()


def steps() -> list[str]:
    """What each step of the page names first: "file::name", or a name of moto's."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    section = text.split("\n## One invocation\n")[1].split("\n## ")[0]
    return [re.findall(r"`([^`]+)`", step)[0] for step in re.split(r"\n(?=\d+\. )", section)[1:]]


def test_an_invocation_takes_at_most_twelve_steps() -> None:
    assert len(steps()) <= MOST_STEPS


def test_an_invocation_enters_no_room_twice() -> None:
    files = [step.partition("::")[0].removesuffix(".py").split("/") for step in steps() if "::" in step]
    rooms = ["/".join(parts[:2]) if parts[0] == "services" else parts[0] for parts in files]
    entered = [room for room, _ in itertools.groupby(rooms)]
    assert sorted(entered) == sorted(set(entered))
    assert "services/lambda_" in entered


def test_the_server_takes_the_steps_of_the_page_in_their_order(entered: dict[str, list[list[str]]]) -> None:
    way = iter([f"{file}::{name}" for file, name in entered["warm"]])
    expected = [step for step in steps() if "::" in step and not step.startswith(ELSEWHERE)]
    assert len(expected) == MOST_STEPS - 3  # the notebook's, moto's, and the function's own
    assert [step for step in expected if step not in way] == []  # `in` goes on where the last step was found


def test_the_server_enters_few_rooms_and_files(entered: dict[str, list[list[str]]]) -> None:
    # What only one of three invocations enters belongs to a thread that works in the background.
    each = [{file.split("/")[0] for file, _ in entered[name]} for name in ("warm", "more_1", "more_2")]
    places = sorted(set.intersection(*each))
    assert len(places) == PLACES, places
    assert [name for file, name in entered["warm"] if file == "services/__init__.py"] == []


def test_iam_is_entered_only_while_permissions_are_enforced(entered: dict[str, list[list[str]]]) -> None:
    assert "iam" not in {file.split("/")[0] for file, _ in entered["warm"]}
    assert ["iam/gate.py", "Gate.refuses"] in entered["enforced"]
