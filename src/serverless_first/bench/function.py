"""Deploys the small function that benchmarks call, each in its own local cloud."""

from __future__ import annotations

import contextlib
import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import boto3
from botocore.config import Config

from serverless_first import cloud

NAME = "hikari-bench"
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


@contextlib.contextmanager
def deployed(handler: str) -> Iterator[str]:
    """Runs a local cloud with the function NAME during the block, and yields the function's ARN.

    Args:
        handler: Python source with a function `handler`.
    """
    with contextlib.redirect_stdout(io.StringIO()), cloud.start():
        package = io.BytesIO()
        with zipfile.ZipFile(package, "w") as archive:
            archive.writestr("bench.py", handler)
        role = boto3.client("iam").create_role(RoleName=NAME, AssumeRolePolicyDocument=json.dumps(_TRUST))
        function = boto3.client("lambda").create_function(
            FunctionName=NAME,
            Runtime="python3.13",
            Handler="bench.handler",
            Role=role["Role"]["Arn"],
            Code={"ZipFile": package.getvalue()},
        )
        yield function["FunctionArn"]


def client(service: str, at_once: int) -> Any:
    """A boto3 client that can send this many calls at a time and never retries."""
    return boto3.client(service, config=Config(max_pool_connections=at_once, retries={"total_max_attempts": 1}))
