"""Lets a learner's function's calls meet, or lets AWS refuse one, so that every check sees what then goes wrong.

Without it a check would call many times at once and hope. The function's code stays as it is: a layer of the check's
own holds a handler around the learner's, for as long as the check needs it.
"""

from __future__ import annotations

import contextlib
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from serverless_cloud.notebook import leftovers
from serverless_first.lab.attempt import Attempt
from serverless_first.lab.functions import zipped

DYNAMODB_WRITES = ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems")
"""Operations that change an item: calls that meet before them have read what none of them has written yet."""
WAIT_S = 20.0
_TIMEOUT_S = 60
_MODULE = "meeting_of_check"
_SOURCE = """
import importlib
import os
import pathlib
import time

import botocore.client

CALLS, OPERATIONS, WAIT_S, ROOM = {calls!r}, {operations!r}, {wait_s!r}, pathlib.Path({room!r})
module, _, name = {handler!r}.rpartition(".")
learners = getattr(importlib.import_module(module.replace("/", ".")), name)
call_aws = botocore.client.BaseClient._make_api_call
mine = ""


def is_there():
    if ROOM.is_dir():
        (ROOM / mine).touch()


def meets(self, operation, arguments):
    if operation in OPERATIONS:
        is_there()
        end_s = time.monotonic() + WAIT_S
        while ROOM.is_dir() and len(os.listdir(ROOM)) < CALLS and time.monotonic() < end_s:
            time.sleep(0.01)
    return call_aws(self, operation, arguments)


def handler(event, context):
    global mine
    mine = context.aws_request_id
    try:
        return learners(event, context)
    finally:
        is_there()


botocore.client.BaseClient._make_api_call = meets
"""
_REFUSES = """
import importlib

import botocore.client

module, _, name = {handler!r}.rpartition(".")
learners = getattr(importlib.import_module(module.replace("/", ".")), name)
call_aws = botocore.client.BaseClient._make_api_call
asked = 0


def refuses(self, operation, arguments):
    global asked
    if operation in {operations!r}:
        asked += 1
        if asked > {spared!r}:
            told = {{"Error": {{"Code": {code!r}, "Message": {message!r}}}, "CancellationReasons": {reasons!r}}}
            raise self.exceptions.from_code({code!r})(told, operation)
    return call_aws(self, operation, arguments)


def handler(event, context):
    global asked
    asked = 0
    return learners(event, context)


botocore.client.BaseClient._make_api_call = refuses
"""


@contextlib.contextmanager
def meeting(attempt: Attempt, name: str, calls: int, *, before: Sequence[str]) -> Iterator[None]:
    """Lets the next calls of a function wait for each other before they first ask AWS for one of some operations.

    A call that ends without asking for one counts as well, so nobody waits for it. The next calls are cold starts. At
    the end the function's settings are put back.

    Args:
        calls: how many calls meet.
        before: operations, by the names of the API, as in "RedriveExecution".
    """
    with tempfile.TemporaryDirectory(dir=leftovers.scratch()) as room:
        values = {"calls": calls, "operations": tuple(before), "wait_s": WAIT_S, "room": str(Path(room))}
        with _around(attempt, name, _SOURCE, values):
            yield


@contextlib.contextmanager
def refusing(
    attempt: Attempt,
    name: str,
    operations: str | Sequence[str],
    code: str,
    message: str,
    *,
    spared: int = 0,
    reasons: Sequence[str] = (),
    timeout_s: int = _TIMEOUT_S,
) -> Iterator[None]:
    """Lets AWS refuse operations to a function. The next calls are cold starts; at the end all is put back.

    Args:
        operations: one or several, by the names of the API, as in "RedriveExecution".
        code, message: of the error, as in "ThrottlingException".
        spared: how many of these operations each call may do before.
        reasons: the code for each action of a canceled transaction, as in "TransactionConflict".
        timeout_s: the least timeout that the function has meanwhile.
    """
    several = (operations,) if isinstance(operations, str) else tuple(operations)
    values = {"operations": several, "code": code, "message": message, "spared": spared}
    values |= {"reasons": [{"Code": reason} for reason in reasons]}
    with _around(attempt, name, _REFUSES, values, timeout_s=timeout_s):
        yield


@contextlib.contextmanager
def _around(
    attempt: Attempt, name: str, source: str, values: Mapping[str, object], *, timeout_s: int = _TIMEOUT_S
) -> Iterator[None]:
    """Lends a function a handler around its own: `source` with these values and `handler` filled in."""
    client = attempt.client("lambda")
    was = client.get_function_configuration(FunctionName=name)
    layers = [layer["Arn"] for layer in was.get("Layers") or []]
    code = zipped(source.format(handler=was["Handler"], **values), f"python/{_MODULE}.py")
    layer = client.publish_layer_version(LayerName=f"check-{uuid.uuid4().hex[:8]}", Content={"ZipFile": code})
    try:
        client.update_function_configuration(
            FunctionName=name,
            Handler=f"{_MODULE}.handler",
            Layers=[*layers, layer["LayerVersionArn"]],
            Timeout=max(timeout_s, was["Timeout"]),
        )
        yield
    finally:
        client.update_function_configuration(
            FunctionName=name, Handler=was["Handler"], Layers=layers, Timeout=was["Timeout"]
        )
        client.delete_layer_version(LayerName=layer["LayerArn"], VersionNumber=layer["Version"])
