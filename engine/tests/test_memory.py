"""What the server's memory holds of things that are gone, or that nobody has used yet."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile

import boto3
import psutil
import pytest

import serverless_cloud as cloud
from kits.cloud_kit import ASSUMABLE
from serverless_cloud import Cloud

PACKAGE_MB = 30


def package() -> bytes:
    """A deployment package of 30 MB, which no compression makes smaller."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("app.py", "def handler(event, context):\n    return 'here'\n")
        archive.writestr("data.bin", os.urandom(PACKAGE_MB * 1_000_000))
    return file.getvalue()


def create_call_and_delete(role: str, code: bytes) -> None:
    client = boto3.client("lambda")
    client.create_function(
        FunctionName="heavy", Runtime="python3.13", Role=role, Handler="app.handler", Code={"ZipFile": code}
    )
    client.get_waiter("function_active_v2").wait(FunctionName="heavy", WaiterConfig={"Delay": 1})
    assert json.load(client.invoke(FunctionName="heavy")["Payload"]) == "here"
    client.delete_function(FunctionName="heavy")


@pytest.mark.thorough
def test_a_deleted_functions_package_leaves_the_memory() -> None:
    aws: Cloud = cloud.start()
    try:
        server = next(c for c in psutil.Process().children() if "serverless_cloud.server" in " ".join(c.cmdline()))
        role = boto3.client("iam").create_role(RoleName="role", AssumeRolePolicyDocument=json.dumps(ASSUMABLE))
        code = package()
        create_call_and_delete(role["Role"]["Arn"], code)  # imports what all later cycles need
        before_mb = server.memory_info().rss / 1e6
        for _ in range(6):
            create_call_and_delete(role["Role"]["Arn"], code)
        assert server.memory_info().rss / 1e6 < before_mb + 3 * PACKAGE_MB
    finally:
        aws.stop()


@pytest.mark.thorough
def test_step_functions_starts_without_the_models_of_ec2_and_batch_still_has_its_own() -> None:
    program = """
import sys
from serverless_cloud import services

services.apply("states")
assert "moto.ec2.models" not in sys.modules
from moto.batch import batch_backends
from moto.batch.models import batch_backends as right

assert batch_backends is right
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
