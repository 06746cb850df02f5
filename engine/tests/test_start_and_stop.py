"""`cloud.start()`, `aws.stop()`, and what they leave of the process's settings."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import boto3
import psutil
import pytest

import serverless_cloud as cloud
from serverless_cloud import CloudError, CloudNotRunning, guard


def environ() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}


@pytest.fixture(autouse=True)
def everything_is_put_back() -> Iterator[None]:
    """Whatever a test does, the process is as before it."""
    before, session = environ(), boto3.DEFAULT_SESSION
    yield
    if guard.is_armed():
        cloud.start().stop()
    assert environ() == before
    assert boto3.DEFAULT_SESSION is session
    assert not guard.is_armed()


def buckets() -> list[Any]:
    names: list[Any] = boto3.client("s3").list_buckets()["Buckets"]
    return names


def servers() -> list[psutil.Process]:
    """The clouds' servers of this process; other tests may keep other programs."""
    return [c for c in psutil.Process().children() if "serverless_cloud.server" in " ".join(c.cmdline())]


def test_start_twice_is_the_same_cloud(capsys: pytest.CaptureFixture[str]) -> None:
    with cloud.start() as aws:
        boto3.client("s3").create_bucket(Bucket="hikari-orders")
        said = capsys.readouterr().out
        assert "us-east-1" in said
        assert "123456789012" in said
        assert "AWS calls stay on this machine." in said
        assert cloud.start(time_scale=60) is aws
        assert aws.time_scale == 60
        assert cloud.start() is aws
        assert aws.time_scale == 60
        assert len(buckets()) == 1
        assert capsys.readouterr().out == ""


def test_stop_restores_the_environment_and_the_default_session(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = boto3.Session(aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key="x")
    monkeypatch.setenv("AWS_PROFILE", "hikari")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "https://s3.example.com")
    monkeypatch.setenv("NO_PROXY", "intranet.example.com")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", mine)
    before = dict(os.environ)
    aws = cloud.start()
    assert os.environ["AWS_ENDPOINT_URL"] == aws.endpoint_url
    assert "AWS_PROFILE" not in os.environ
    assert boto3.client("sts").get_caller_identity()["Account"] == aws.account_id
    assert buckets() == []
    aws.stop()
    assert dict(os.environ) == before
    assert boto3.DEFAULT_SESSION is mine
    aws.stop()  # a second time does nothing
    assert dict(os.environ) == before


def test_a_with_block_ends_the_cloud() -> None:
    with cloud.start() as aws:
        (server,) = servers()
        assert repr(aws) == "<local cloud, running, region us-east-1, account 123456789012>"
    assert not server.is_running()
    assert "stopped" in repr(aws)
    with pytest.raises(CloudNotRunning, match=r"cloud\.start\(\)"):
        aws.environments()


def test_a_with_block_that_fails_ends_the_cloud_and_lets_the_error_through() -> None:
    with pytest.raises(ZeroDivisionError), cloud.start():
        print(1 / 0)
    assert servers() == []


def test_start_after_stop_is_a_new_and_empty_cloud() -> None:
    first = cloud.start()
    boto3.client("s3").create_bucket(Bucket="hikari-orders")
    first.stop()
    with cloud.start() as second:
        assert second is not first
        assert buckets() == []
        assert not first.is_running
        first.stop()
        assert second.is_running


def test_start_after_the_server_was_killed(tools: Any) -> None:
    aws = cloud.start()
    (server,) = servers()
    server.kill()
    tools.eventually(lambda: not aws.is_running, "the loss is noticed")
    with pytest.raises(CloudNotRunning, match="Run the cell with"):
        aws.environments()
    with cloud.start() as again:
        assert again is not aws
        assert buckets() == []


def test_another_region_while_it_runs_is_refused() -> None:
    with cloud.start(region="eu-west-1") as aws:
        assert boto3.client("lambda").meta.region_name == aws.region == "eu-west-1"
        with pytest.raises(CloudError, match=r"different settings. Call aws.stop\(\) first"):
            cloud.start(region="ap-northeast-1")
        assert boto3.client("lambda").meta.region_name == "eu-west-1"
        assert cloud.start(region="eu-west-1") is aws


def test_another_guard_while_it_runs_is_refused() -> None:
    with cloud.start(), pytest.raises(CloudError, match="different settings"):
        cloud.start(allow_real_aws=True)


def test_functions_work_in_another_region(tools: Any) -> None:
    with cloud.start(region="ap-northeast-1") as aws:
        arn = tools.deploy("price", "import os\ndef handler(e, c):\n    return os.environ['AWS_REGION']\n")
        assert ":ap-northeast-1:" in arn
        assert tools.invoke("price").payload == "ap-northeast-1"
        assert [e.function for e in aws.environments()] == ["price"]


def test_a_target_takes_the_place_of_the_local_cloud() -> None:
    with cloud.start() as aws:
        target = aws.endpoint_url
        with pytest.raises(CloudError, match="different settings"):
            cloud.start(target=target)
    with cloud.start(target="http://127.0.0.1:9/") as aws:
        assert os.environ["AWS_ENDPOINT_URL"] == aws.endpoint_url == "http://127.0.0.1:9"
        assert guard.is_armed()
        with pytest.raises(CloudError, match="Only the local cloud can do this"):
            aws.environments()


def test_a_stopped_cloud_publishes_no_layer() -> None:
    with cloud.start() as aws:
        pass
    with pytest.raises(CloudNotRunning):
        aws.layer("psycopg")
