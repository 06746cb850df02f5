"""With the local cloud on, boto3 reaches no other machine: real keys, profiles and endpoints lie around on purpose."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from serverless_cloud import errors

ROOT = Path(__file__).resolve().parents[2]
KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
KEYS = f"aws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n"
START_URL = "https://hikari.awsapps.example.com/start"
CONFIG = f"""
[profile hikari]
region = eu-west-1
{KEYS}
[profile sso]
region = eu-west-1
sso_start_url = {START_URL}
sso_region = eu-west-1
sso_account_id = 123456789012
sso_role_name = shop
[profile role]
region = eu-west-1
role_arn = arn:aws:iam::123456789012:role/shop
source_profile = hikari
"""
WORDS = ", after closing time"  # what a product around the local cloud wants said
ENVIRON = {
    "AWS_ACCESS_KEY_ID": KEY,
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "AWS_DEFAULT_REGION": "eu-west-1",
    errors.ADVICE: f"real AWS={WORDS}",
}

#: A function that tries each way out that is left to a handler.
HANDLER = """
import os, cloud_kit_path
from kits import cloud_kit as kit
noted = kit.watch_network()
import boto3
from botocore.config import Config
def handler(event, context):
    account = lambda **given: boto3.client("sts", **given).get_caller_identity()["Account"]
    return {
        "plain": kit.attempt(account),
        "endpoint": kit.attempt(lambda: account(endpoint_url="https://sts.eu-west-1.amazonaws.com")),
        "proxy": kit.attempt(lambda: account(config=Config(proxies={"http": "http://proxy.example.com:3128"}))),
        "ignored": kit.attempt(lambda: account(config=Config(ignore_configured_endpoint_urls=True))),
        "noted": noted, "environ": [v for k, v in os.environ.items()],
    }
"""

PROGRAM = f"""
import json, os, sys
from pathlib import Path
from kits import cloud_kit as kit
noted = kit.watch_network()
import boto3
from botocore.config import Config
from botocore.utils import ContainerMetadataFetcher, InstanceMetadataFetcher, IMDSFetcher
import serverless_cloud as cloud
from serverless_cloud import guard

before = {{
    "plain": boto3.client("sts"),
    "profile": boto3.Session(profile_name="hikari").client("sts"),
    "sso": boto3.Session(profile_name="sso").client("sts"),
    "role": boto3.Session(profile_name="role").client("sts"),
    "proxy": boto3.client("sts", config=Config(proxies={{"https": "http://proxy.example.com:3128"}})),
    "address": boto3.client("sts", endpoint_url="https://203.0.113.7"),
}}
profile = boto3.Session(profile_name="hikari")
metadata = InstanceMetadataFetcher(timeout=1, num_attempts=1)
s3 = boto3.client("s3")
aws = cloud.start()
local = aws.endpoint_url
account = lambda client: client.get_caller_identity()["Account"]
calls = {{f"before: {{name}}": (lambda client=client: account(client)) for name, client in before.items()}}
calls |= {{
    "s3 before": lambda: s3.list_buckets(),
    "upload before": lambda: s3.upload_file(__import__("os").__file__, "hikari-orders", "lamp"),
    "instance metadata": metadata.retrieve_iam_role_credentials,
    "container metadata": lambda: ContainerMetadataFetcher().retrieve_uri("/v2/credentials"),
    "endpoint": lambda: account(boto3.client("sts", endpoint_url="https://sts.amazonaws.com")),
    "lambda endpoint": lambda: boto3.client("lambda", endpoint_url="https://lambda.eu-west-1.amazonaws.com")
        .list_functions(),
    "upper case": lambda: account(boto3.client("sts", endpoint_url="HTTPS://STS.AMAZONAWS.COM")),
    "user in address": lambda: account(boto3.client("sts", endpoint_url="http://127.0.0.1@sts.amazonaws.com")),
    "name like ours": lambda: account(boto3.client("sts", endpoint_url="http://127.0.0.1.example.com")),
    "proxy after": lambda: account(boto3.client("sts", config=Config(proxies={{"http": "http://proxy.example.com:3128"}}))),
    "ignore after": lambda: account(boto3.client("sts", config=Config(ignore_configured_endpoint_urls=True))),
    "profile after, ignoring": lambda: account(
        profile.client("sts", config=Config(ignore_configured_endpoint_urls=True))),
}}
allowed = {{
    "plain": lambda: account(boto3.client("sts")),
    "profile before": lambda: account(profile.client("sts")),
    "profile after": lambda: account(boto3.Session(profile_name="hikari").client("sts")),
    "presigned": lambda: s3.generate_presigned_url("get_object", Params={{"Bucket": "hikari", "Key": "lamp"}}),
    "another port": lambda: account(boto3.client("sts", endpoint_url=kit.stub_of_sts())),
}}
# The learner takes the address away, and puts back what is in the real files.
address = os.environ.pop("AWS_ENDPOINT_URL")
calls["address unset"] = lambda: account(boto3.Session(region_name="eu-west-1").client("sts"))
refused_early = {{"address unset": kit.attempt(calls.pop("address unset"))}}
os.environ["AWS_ENDPOINT_URL"] = "https://sts.eu-west-1.amazonaws.com"
refused_early["address changed"] = kit.attempt(lambda: account(boto3.Session().client("sts")))
os.environ["AWS_ENDPOINT_URL"] = address
real = {{name: os.environ[name] for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_ACCESS_KEY_ID",
                                            "AWS_SECRET_ACCESS_KEY")}}
os.environ |= {{"AWS_CONFIG_FILE": os.path.expanduser("~/.aws/config"), "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
               "AWS_SHARED_CREDENTIALS_FILE": os.path.expanduser("~/.aws/credentials")}}
refused_early["real files again"] = kit.attempt(lambda: account(boto3.Session(profile_name="hikari").client("sts")))
os.environ |= real
del os.environ["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"]
# What AWS's command line, which is botocore, finds when the notebook starts it.
child = "import boto3, json; found = [boto3.Session(profile_name=p) for p in (None, 'hikari', 'sso', 'role')]; " \
    "print(json.dumps([[s.get_credentials().access_key, s.client('sts').meta.endpoint_url] for s in found]))"
import subprocess
done = subprocess.run([sys.executable, "-c", child], capture_output=True, text=True, check=True)
said_by_child = json.loads(done.stdout)
path = Path(kit.__file__).parents[1]
package = kit.zip_of({{"price.py": {HANDLER!r}, "cloud_kit_path.py": f"import sys; sys.path.append({{str(path)!r}})"}})
kit.deploy("price", "", Code={{"ZipFile": package}}, Timeout=60)
said = {{
    "refused": refused_early | {{name: kit.attempt(call) for name, call in calls.items()}},
    "child": said_by_child, "address": local,
    "allowed": {{name: kit.attempt(call) for name, call in allowed.items()}},
    "handler": kit.invoke("price").payload,
    "armed": guard.is_armed(),
}}
aws.stop()
said["noted"] = list(noted)
said["armed after stop"] = guard.is_armed()
real = kit.stub_of_sts("sts.hikari.example.com")
said["after stop"] = kit.attempt(lambda: account(boto3.client("sts", endpoint_url=real)))
kit.say(**said)
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory, program_class: Any) -> Any:
    """What the program tells: it tries every way out, once."""
    home = tmp_path_factory.mktemp("home")
    (home / ".aws" / "sso" / "cache").mkdir(parents=True)
    (home / ".aws" / "config").write_text(CONFIG, encoding="utf-8")
    (home / ".aws" / "credentials").write_text(f"[default]\n{KEYS}", encoding="utf-8")
    token = {"startUrl": START_URL, "region": "eu-west-1", "accessToken": "x", "expiresAt": "2099-01-01T00:00:00Z"}
    name = hashlib.sha1(START_URL.encode()).hexdigest()
    (home / ".aws" / "sso" / "cache" / f"{name}.json").write_text(json.dumps(token), encoding="utf-8")
    program = program_class(PROGRAM, home, ENVIRON, own_group=False)
    try:
        yield program.hear()
    finally:
        program.close()


WAYS = {
    "before: plain": "sts.eu-west-1.amazonaws.com",
    "before: profile": "sts.eu-west-1.amazonaws.com",
    "before: role": "sts.eu-west-1.amazonaws.com",
    "before: proxy": "sts.eu-west-1.amazonaws.com",
    "before: address": "203.0.113.7",
    "s3 before": "s3.eu-west-1.amazonaws.com",
    "upload before": "hikari-orders.s3.eu-west-1.amazonaws.com",
    "instance metadata": "169.254.169.254",
    "container metadata": "169.254.170.2",
    "endpoint": "sts.amazonaws.com",
    "lambda endpoint": "lambda.eu-west-1.amazonaws.com",
    "upper case": "sts.amazonaws.com",
    "user in address": "sts.amazonaws.com",
    "name like ours": "127.0.0.1.example.com",
    "proxy after": "through the proxy for proxy.example.com",
    "ignore after": "sts.us-east-1.amazonaws.com",
    "profile after, ignoring": "sts.us-east-1.amazonaws.com",
    "address unset": "sts.eu-west-1.amazonaws.com",
    "address changed": "sts.eu-west-1.amazonaws.com",
    "real files again": "sts.us-east-1.amazonaws.com",
}


@pytest.mark.parametrize("way", WAYS)
def test_a_way_out_is_closed(said: Any, way: str) -> None:
    kind, text = said["refused"][way]
    assert kind == "RealAwsRefused", text
    assert WAYS[way] in text
    assert "Nothing was sent" in text
    assert "aws.stop()" in text
    assert text.endswith(f"cloud.start(allow_real_aws=True){WORDS}.")


def test_every_way_out_was_tried(said: Any) -> None:
    assert set(said["refused"]) == {*WAYS, "before: sso"}


def test_single_sign_on_asks_this_machine_in_vain(said: Any) -> None:
    """Its client is made when it is needed, so it asks the local cloud, which has no such thing."""
    kind, text = said["refused"]["before: sso"]
    assert (kind, "GetRoleCredentials" in text) == ("ClientError", True)


@pytest.mark.parametrize("way", ["plain", "profile before", "profile after", "another port"])
def test_this_machine_is_reached(said: Any, way: str) -> None:
    assert said["allowed"][way] == ["nothing", "123456789012" if way != "another port" else "999999999999"]


def test_a_command_line_started_by_the_notebook_finds_made_up_keys_and_this_machine(said: Any) -> None:
    """No guard stands there: it inherits the address, and for each profile keys that AWS would not accept."""
    assert said["child"] == [["local", said["address"]]] * 4


def test_libraries_that_speak_http_themselves_are_out_of_reach_and_the_docs_say_so(program: Callable[..., Any]) -> None:
    source = """
from kits import cloud_kit as kit
noted = kit.watch_network()
import serverless_cloud as cloud
aws = cloud.start()
import requests, os
kit.say(error=kit.attempt(lambda: requests.get("https://sts.amazonaws.com/", timeout=5))[0], noted=noted,
        key=os.environ["AWS_ACCESS_KEY_ID"])
"""
    said = program(source, **ENVIRON).hear()
    assert said["noted"] == ["sts.amazonaws.com"]  # it was on its way, and the test has stopped it
    assert said["key"] == "local"
    for page in ("docs/fidelity.md", "docs/security.md"):
        assert "`requests`" in (ROOT / page).read_text(encoding="utf-8")


def test_a_presigned_url_is_only_a_text(said: Any) -> None:
    kind, url = said["allowed"]["presigned"]
    assert kind == "nothing"
    assert "amazonaws.com" in url


@pytest.mark.parametrize(
    ("way", "host"),
    [
        ("endpoint", "sts.eu-west-1.amazonaws.com"),
        ("proxy", "through the proxy for proxy.example.com"),
        ("ignored", "amazonaws.com"),
    ],
)
def test_a_handler_cannot_get_out(said: Any, way: str, host: str) -> None:
    kind, text = said["handler"][way]
    assert kind == "RealAwsRefused", text
    assert host in text
    assert text.endswith(f"cloud.start(allow_real_aws=True){WORDS}.")


def test_a_handler_reaches_the_local_cloud_and_knows_no_real_key(said: Any) -> None:
    assert said["handler"]["plain"] == ["nothing", "123456789012"]
    assert [v for v in said["handler"]["environ"] if KEY in v or SECRET in v or WORDS in v] == []


def test_no_look_up_and_no_connection_left_the_machine(said: Any) -> None:
    assert said["noted"] == []
    assert said["handler"]["noted"] == []


def test_after_stop_requests_get_out_again(said: Any) -> None:
    assert (said["armed"], said["armed after stop"]) == (True, False)
    assert said["after stop"] == ["nothing", "999999999999"]


def test_boto3_imported_after_the_guard_is_watched_too(program: Callable[..., Any]) -> None:
    source = """
import sys
from kits import cloud_kit as kit
noted = kit.watch_network()
import serverless_cloud as cloud
aws = cloud.start(target="http://127.0.0.1:9")
late = "botocore" not in sys.modules
import boto3
call = lambda: boto3.client("sts", endpoint_url="https://sts.amazonaws.com").get_caller_identity()
kit.say(late=late, error=kit.attempt(call), noted=noted)
"""
    said = program(source, **ENVIRON).hear()
    assert (said["late"], said["error"][0], said["noted"]) == (True, "RealAwsRefused", [])


def test_a_target_is_allowed_by_name_and_nothing_else(program: Callable[..., Any]) -> None:
    source = """
from kits import cloud_kit as kit
noted = kit.watch_network()
url = kit.stub_of_sts("emulator.example.com")
import serverless_cloud as cloud
aws = cloud.start(target=url)
import boto3
kit.say(target=kit.attempt(lambda: boto3.client("sts").get_caller_identity()["Account"]),
        other=kit.attempt(lambda: boto3.client("sts", endpoint_url="https://sts.amazonaws.com").get_caller_identity()),
        noted=noted)
"""
    said = program(source, **ENVIRON).hear()
    assert said["target"] == ["nothing", "999999999999"]
    assert said["other"][0] == "RealAwsRefused"
    assert said["noted"] == []


def test_real_aws_on_purpose(program: Callable[..., Any]) -> None:
    source = """
from kits import cloud_kit as kit
noted = kit.watch_network()
import serverless_cloud as cloud
from serverless_cloud import guard
aws = cloud.start(allow_real_aws=True)
import boto3
path = "import sys; sys.path.append(" + repr(kit.__file__.rsplit("kits", 1)[0]) + ")"
source = '''
import cloud_kit_path, boto3
from kits import cloud_kit as kit
url = kit.stub_of_sts("sts.hikari.example.com")
def handler(event, context):
    return kit.attempt(lambda: boto3.client("sts", endpoint_url=url).get_caller_identity()["Account"])
'''
package = kit.zip_of({"price.py": source, "cloud_kit_path.py": path})
kit.deploy("price", "", Code={"ZipFile": package}, Timeout=60)
url = kit.stub_of_sts("sts.hikari.example.com")
account = lambda **given: boto3.client("sts", **given).get_caller_identity()["Account"]
kit.say(armed=guard.is_armed(), plain=account(), real=account(endpoint_url=url), handler=kit.invoke("price").payload)
"""
    said = program(source, **ENVIRON).hear()
    assert said["armed"] is False
    assert said["plain"] == "123456789012"
    assert said["real"] == "999999999999"
    assert said["handler"] == ["nothing", "999999999999"]


def test_a_function_s_variables_do_not_switch_the_guard_off(kit: Any) -> None:
    source = """
import boto3
def handler(event, context):
    try:
        boto3.client("sts", endpoint_url="https://sts.eu-west-1.amazonaws.com").get_caller_identity()
    except Exception as error:
        return type(error).__name__
"""
    kit.deploy("price", source, Environment={"Variables": {"SERVERLESS_FIRST_GUARD": "off"}}, Timeout=30)
    assert kit.invoke("price").payload == "RealAwsRefused"
