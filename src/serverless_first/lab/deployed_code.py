"""Compares the learner's files with what Lambda runs: the code that was deployed, not the file that was saved."""

from __future__ import annotations

import io
import urllib.request
import zipfile
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from serverless_first.lab.attempt import Attempt
from serverless_first.lab.failures import CheckFailed

DOWNLOAD_LIMIT_S = 10.0


def package_of(attempt: Attempt, function: str) -> bytes:
    """The deployment package of a function, a zip archive.

    Raises:
        ClientError: there is no such function.
        OSError: nothing answers at the address that GetFunction gives.
    """
    address = attempt.client("lambda").get_function(FunctionName=function)["Code"]["Location"]
    with urllib.request.urlopen(address, timeout=DOWNLOAD_LIMIT_S) as answer:
        return bytes(answer.read())


def newer_file(attempt: Attempt, began_ms: int) -> str:
    """Names a file beside the notebook that differs from what a function ran during a check; empty if none does.

    Only functions that have logged something as $LATEST since the check began count. It does not matter how they were
    called: by the check, over HTTP, through a queue, by a state machine. A cloud that cannot tell isn't a failure.

    Args:
        began_ms: when the check began, in milliseconds since 1970.
    """
    try:
        for function in _used(attempt, began_ms):
            for file in _changed(package_of(attempt, function)):
                return (
                    f"{file} has changed since you deployed {function}, and Lambda still runs the deployed code. "
                    "Run the cell that deploys it, then run this check again"
                )
    except (BotoCoreError, ClientError, CheckFailed, OSError, HTTPException, zipfile.BadZipFile, KeyError):
        pass
    return ""


def _used(attempt: Attempt, began_ms: int) -> Iterator[str]:
    """The functions whose $LATEST has logged something since then."""
    logs = attempt.client("logs")
    for page in attempt.client("lambda").get_paginator("list_functions").paginate():
        for function in page["Functions"]:
            name = function["FunctionName"]
            group = function.get("LoggingConfig", {}).get("LogGroup", f"/aws/lambda/{name}")
            try:
                events = logs.filter_log_events(logGroupName=group, startTime=began_ms)["events"]
            except logs.exceptions.ResourceNotFoundException:  # never called
                continue
            if any("[$LATEST]" in event["logStreamName"] for event in events):
                yield name


def _changed(package: bytes) -> Iterator[str]:
    """The files of a package that the current folder has with different content."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        for name in archive.namelist():
            if Path(name).is_file() and Path(name).read_bytes() != archive.read(name):
                yield name
