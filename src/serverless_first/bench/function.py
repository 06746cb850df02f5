"""The small function that benchmarks call."""

from __future__ import annotations

import io
import json
import zipfile

NAME = "hikari-bench"
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def deploy(handler: str) -> str:
    """Creates the function NAME in the running local cloud.

    Args:
        handler: Python source with a function `handler`.

    Returns:
        Its ARN.
    """
    import boto3

    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("bench.py", handler)
    role = boto3.client("iam").create_role(RoleName=NAME, AssumeRolePolicyDocument=json.dumps(_TRUST))
    made = boto3.client("lambda").create_function(
        FunctionName=NAME,
        Runtime="python3.13",
        Handler="bench.handler",
        Role=role["Role"]["Arn"],
        Code={"ZipFile": package.getvalue()},
    )
    return str(made["FunctionArn"])
