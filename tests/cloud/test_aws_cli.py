"""AWS's own command line against the cloud that stands alone: `serverless-first cloud` and `aws --endpoint-url`."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from kits import cloud_kit

ROOT = Path(__file__).resolve().parents[2]
KEYS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_DEFAULT_REGION": "us-east-1"}
HANDLER = """
def handler(event, context):
    print("priced", event["lamp"])
    return {"lamp": event["lamp"], "price_usd": 49}
"""

Aws = Callable[..., Any]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """The address that the command says when it starts."""
    command = [sys.executable, "-m", "serverless_first.cli", "cloud", "--port", "0"]
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "MOTO_"))}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=kept, encoding="utf-8", start_new_session=True) as it:
        assert it.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+", it.stdout.readline())
        assert found
        yield found.group()
        it.terminate()
        assert it.wait(20) == 0


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command line from PyPI, in a folder of its own: its docutils is older than the one of the slides."""
    folder = tmp_path_factory.mktemp("aws-cli")
    locks = ["--require-hashes", "--no-deps", "-r", str(ROOT / "requirements" / "aws-cli.txt")]
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-compile", "--target", str(folder), *locks]
    done = subprocess.run(pip, capture_output=True, encoding="utf-8")
    if done.returncode and re.search("connection|Name or service not known|resolve", done.stderr, re.I):
        pytest.skip("PyPI cannot be reached; AWS's command line is not installed.")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def aws(installed: Path, endpoint: str, tmp_path: Path) -> Aws:
    """Runs `aws --endpoint-url ...` with these words; its answer from JSON, or what it says."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "MOTO_")) and "proxy" not in k.lower()}
    # In the environment as well: `cloudformation package` does not hand --endpoint-url on to its S3 client.
    environ = (
        kept
        | KEYS
        | {"AWS_ENDPOINT_URL": endpoint}
        | {"PYTHONPATH": str(installed), "HOME": str(tmp_path), "USERPROFILE": str(tmp_path)}
    )

    def run(*words: str) -> Any:
        command = [sys.executable, "-m", "awscli", "--endpoint-url", endpoint, "--output", "json", *words]
        done = subprocess.run(command, capture_output=True, env=environ, cwd=tmp_path, encoding="utf-8", timeout=60)
        assert done.returncode == 0, done.stderr
        try:
            return json.loads(done.stdout) if done.stdout.strip() else None
        except ValueError:  # some commands speak to people
            return done.stdout

    return run


def test_a_function_is_created_and_invoked(aws: Aws, tmp_path: Path) -> None:
    (tmp_path / "price.zip").write_bytes(cloud_kit.zip_of({"price.py": HANDLER}))
    trust = json.dumps(cloud_kit.ASSUMABLE)
    role = aws("iam", "create-role", "--role-name", "hikari", "--assume-role-policy-document", trust)["Role"]["Arn"]
    made = aws("lambda", "create-function", "--function-name", "price", "--runtime", "python3.13", "--role", role,
               "--handler", "price.handler", "--zip-file", "fileb://price.zip")  # fmt: skip
    assert made["State"] == "Pending"
    aws("lambda", "wait", "function-active-v2", "--function-name", "price")
    answer = aws("lambda", "invoke", "--function-name", "price", "--payload", '{"lamp": "Andon"}', "answer.json")
    assert answer == {"StatusCode": 200, "ExecutedVersion": "$LATEST"}
    assert json.loads((tmp_path / "answer.json").read_text()) == {"lamp": "Andon", "price_usd": 49}


def test_an_event_finds_its_way_to_a_queue(aws: Aws) -> None:
    url = aws("sqs", "create-queue", "--queue-name", "orders")["QueueUrl"]
    arn = "arn:aws:sqs:us-east-1:123456789012:orders"
    aws("events", "put-rule", "--name", "orders", "--event-pattern", '{"source": ["hikari.shop"]}')
    aws("events", "put-targets", "--rule", "orders", "--targets", f"Id=queue,Arn={arn}")
    entries = [
        {"Source": source, "DetailType": "Order placed", "Detail": json.dumps({"order": number})}
        for number, source in enumerate(("hikari.shop", "hikari.stock"), start=1)
    ]
    assert aws("events", "put-events", "--entries", json.dumps(entries))["FailedEntryCount"] == 0
    received = aws("sqs", "receive-message", "--queue-url", url, "--wait-time-seconds", "10")
    (message,) = received["Messages"]
    event = json.loads(message["Body"])
    assert (event["source"], event["detail"], event["account"]) == ("hikari.shop", {"order": 1}, "123456789012")


def test_a_sam_template_is_packaged_and_deployed(aws: Aws, endpoint: str, tmp_path: Path) -> None:
    session = boto3.Session("local", "local", region_name="us-east-1")

    def client(service: str) -> Any:
        return session.client(service, endpoint_url=endpoint)

    shutil.copytree(Path(__file__).resolve().parents[2] / "engine" / "tests" / "data", tmp_path / "shop")
    client("s3").create_bucket(Bucket="packages")
    aws("cloudformation", "package", "--template-file", "shop/shop.yaml", "--s3-bucket", "packages",
        "--output-template-file", "packaged.yaml")  # fmt: skip
    deploy = ("cloudformation", "deploy", "--template-file", "packaged.yaml", "--stack-name", "hikari",
              "--capabilities", "CAPABILITY_IAM")  # fmt: skip
    assert "Successfully created/updated stack - hikari" in aws(*deploy)
    assert "No changes to deploy" in aws(*deploy, "--no-fail-on-empty-changeset")
    (stack,) = client("cloudformation").describe_stacks(StackName="hikari")["Stacks"]
    out = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
    answer = json.loads(client("lambda").invoke(FunctionName=f"{out['Function']}:live", Payload="{}")["Payload"].read())
    assert json.loads(answer["body"]) == {"lamp": "andon", "price_usd": 49, "version": "1"}
