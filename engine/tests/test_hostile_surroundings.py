"""Proxies, profiles and settings that lie around on a learner's machine do not disturb."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

#: What a lesson does; whatever leaves the machine is noted and stopped.
LESSON = """
import json
from kits import cloud_kit as kit
noted = kit.watch_network()
import serverless_cloud as cloud
aws = cloud.start()
import boto3
kit.deploy("price", "import boto3\\n"
    "def handler(event, context):\\n"
    "    body = boto3.client('s3').get_object(Bucket='hikari-orders', Key='lamp')['Body'].read().decode()\\n"
    "    return [body, boto3.client('sts').get_caller_identity()['Account']]\\n", Timeout=30)
s3 = boto3.client("s3")
s3.create_bucket(Bucket="hikari-orders")
s3.put_object(Bucket="hikari-orders", Key="lamp", Body="ランプ".encode())
boto3.resource("dynamodb").meta.client.list_tables()
queue = boto3.client("sqs").create_queue(QueueName="orders")["QueueUrl"]
kit.say(answer=kit.invoke("price").payload, account=boto3.client("sts").get_caller_identity()["Account"],
        queue=queue.startswith(aws.endpoint_url), keys=boto3.Session().get_credentials().access_key,
        region=s3.meta.region_name, environments=len(aws.environments()), noted=noted)
"""
GOOD = {
    "answer": ["ランプ", "123456789012"],
    "account": "123456789012",
    "queue": True,
    "keys": "local",
    "region": "us-east-1",
    "environments": 1,
    "noted": [],
}
DEAD = "http://127.0.0.1:9"
REAL_KEYS = (
    "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n"
)
MISLEADING = f"""
[default]
{REAL_KEYS}
region = eu-central-1
endpoint_url = https://hikari.example.com
use_fips_endpoint = true
use_dualstack_endpoint = true
ignore_configured_endpoint_urls = true
services = elsewhere
s3 =
    addressing_style = virtual
    use_accelerate_endpoint = true
[services elsewhere]
sqs =
    endpoint_url = https://sqs.example.com
"""
MALFORMED = "region = eu-west-1\n[default\n[profile]\n[[x]]\n = 3\n\x00\xff" + MISLEADING


def lay(home: Path, config: str | bytes, credentials: str = "") -> None:
    (home / ".aws").mkdir(parents=True)
    content = config if isinstance(config, bytes) else config.encode()
    (home / ".aws" / "config").write_bytes(content)
    (home / ".aws" / "credentials").write_text(credentials, encoding="utf-8")


@pytest.mark.parametrize(
    "environ",
    [
        {"HTTP_PROXY": DEAD, "HTTPS_PROXY": DEAD, "ALL_PROXY": DEAD, "http_proxy": DEAD, "https_proxy": DEAD},
        {"HTTP_PROXY": DEAD, "http_proxy": DEAD, "NO_PROXY": "intranet.example.com"},
        {
            "AWS_USE_FIPS_ENDPOINT": "true",
            "AWS_USE_DUALSTACK_ENDPOINT": "true",
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
            "AWS_ENDPOINT_URL_S3": "https://s3.example.com",
            "AWS_STS_REGIONAL_ENDPOINTS": "legacy",
            "AWS_S3_DISABLE_EXPRESS_SESSION_AUTH": "true",
        },
        {
            "AWS_PROFILE": "nobody",
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "AWS_SESSION_TOKEN": "token",
            "AWS_REGION": "eu-west-1",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_CA_BUNDLE": "/nowhere/certificates.pem",
            "AWS_CONFIG_FILE": "/nowhere/config",
        },
    ],
    ids=["dead proxies", "dead proxy and exceptions", "endpoint settings", "real keys and a missing profile"],
)
def test_variables(program: Callable[..., Any], environ: dict[str, str]) -> None:
    assert program(LESSON, **environ).hear() == GOOD


@pytest.mark.parametrize(
    "config", [MISLEADING, MALFORMED, b"\xff\xfe\x00[default]"], ids=["misleading", "bad", "bytes"]
)
def test_files_in_the_home_folder(program: Callable[..., Any], home: Path, config: str | bytes) -> None:
    lay(home, config, f"[default]\n{REAL_KEYS}")
    assert program(LESSON).hear() == GOOD


def test_profiles_keep_their_names_and_lose_their_keys(program: Callable[..., Any], home: Path) -> None:
    lay(home, f"[profile hikari]\n{REAL_KEYS}\n[sso-session shop]\nsso_region = x\n", f"[our shop 電球]\n{REAL_KEYS}")
    source = """
import boto3
from kits import cloud_kit as kit
noted = kit.watch_network()
import serverless_cloud as cloud
aws = cloud.start()
sessions = {name: boto3.Session(profile_name=name) for name in ("hikari", "our shop 電球", "default")}
kit.say(keys=[s.get_credentials().access_key for s in sessions.values()],
        accounts=[s.client("sts").get_caller_identity()["Account"] for s in sessions.values()],
        names=boto3.Session().available_profiles, noted=noted)
"""
    said = program(source).hear()
    assert said["keys"] == ["local"] * 3
    assert said["accounts"] == ["123456789012"] * 3
    assert set(said["names"]) == {"default", "hikari", "our shop 電球"}
    assert said["noted"] == []
