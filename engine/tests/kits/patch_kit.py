"""What the tests of patches share: moto without our patches."""

from __future__ import annotations

import functools
import inspect
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest

LOOK = "look at services/{}: is the patch still right, and still needed?"

#: Stock moto only changes with its version, so `make test` doesn't ask it.
asks_stock_moto = pytest.mark.thorough

#: Begins a program of `shown`. A function whose name is a sentence shows one defect: it answers True while moto has it.
BEFORE = """
import inspect, io, json, zipfile
import boto3, moto
from botocore.config import Config
from botocore.exceptions import ClientError

def code_of(call, *args, **more):
    try:
        call(*args, **more)
    except ClientError as error:
        return error.response["Error"]["Code"]

def make_function(name="price", source="", **more):
    role = iam.create_role(RoleName="hikari", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr(f"{name}.py", source)
    return lam.create_function(FunctionName=name, Runtime="python3.13", Handler=f"{name}.handler", Role=role,
                               Code={"ZipFile": package.getvalue()}, **more)

def prepare():
    pass
"""

#: Ends it: calls each of these functions in an empty moto, with the clients that the program names.
AFTER = """
found = {}
for name, show in [(n, f) for n, f in globals().items() if inspect.isfunction(f) and n.count("_") > 1]:
    with moto.mock_aws(config={"lambda": {"use_docker": False}, "batch": {"use_docker": False}}):
        config = Config(retries={"total_max_attempts": 1})
        globals().update({n: boto3.client(service, REGION, config=config) for n, service in CLIENTS.items()})
        prepare()
        try:
            found[name] = show()
        except Exception as error:
            found[name] = f"{type(error).__name__}: {error}"
print(json.dumps(found))
"""


def stock(source: str) -> Any:
    """What a program prints, as JSON on its last line, that runs moto without our patches."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "MOTO_"))}
    environ |= {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
    command = [sys.executable, "-W", "ignore", "-c", source]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environ)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@functools.cache
def shown(source: str, region: str = "us-east-1", **clients: str) -> dict[str, Any]:
    """What stock moto does: the name and the answer of each function of `source` that shows a defect.

    Args:
        clients: the names of the boto3 clients that the functions use, each with its service.
    """
    found: dict[str, Any] = stock(f"{BEFORE}{source}\nREGION, CLIENTS = {region!r}, {clients!r}\n{AFTER}")
    return found


def assert_keeps(owner: Any, parts: Iterable[str], patch: str) -> None:
    """Fails if the source code of a class of moto lacks one of these texts."""
    source = inspect.getsource(owner)
    for part in parts:
        assert part in source, f"{owner.__name__}: {part} is gone; {LOOK.format(patch)}"


def assert_all(found: dict[str, Any], count: int, patches: str) -> None:
    """Fails unless stock moto has shown so many defects, all of them."""
    assert len(found) == count
    assert {name: value for name, value in found.items() if value is not True} == {}, LOOK.format(patches)


def tests_of(
    source: str, defects: Mapping[str, str], **clients: str
) -> tuple[Callable[[], None], Callable[[str], None]]:
    """Two tests of a file that shows defects of stock moto: all of them are listed, and moto still has each.

    Args:
        source: with a function for each defect, as for `shown`.
        defects: the names of these functions, each with the file of services/ that mends the defect.
        clients: as for `shown`.
    """

    @asks_stock_moto
    def every_defect_is_listed() -> None:
        assert set(shown(source, **clients)) == set(defects)

    @pytest.mark.parametrize("defect", defects)
    @asks_stock_moto
    def stock_moto_still_has_the_defect(defect: str) -> None:
        answer = shown(source, **clients)[defect]
        assert answer is True, f"moto no longer has the defect {defect}; {LOOK.format(defects[defect])}"

    return every_defect_is_listed, stock_moto_still_has_the_defect
