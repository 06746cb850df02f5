"""The main server: its connections, and what a caller is told when it fails or does not have a call."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import boto3
import psutil
import pytest
from botocore.config import Config

from serverless_cloud import Cloud, services

SIGNED = "AWS4-HMAC-SHA256 Credential=local/20201119/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=none"


@contextlib.contextmanager
def connected(aws: Cloud) -> Iterator[http.client.HTTPConnection]:
    """A connection of HTTP."""
    connection = http.client.HTTPConnection(urlsplit(aws.endpoint_url).netloc, timeout=20)
    with contextlib.closing(connection):
        yield connection


def asked(connection: http.client.HTTPConnection, *request: Any, **more: Any) -> Any:
    """The answer to a request to S3, read to its end; its `body` is what was read."""
    connection.request(*request, **more | {"headers": {"Authorization": SIGNED.format("s3")} | more.get("headers", {})})
    answer: Any = connection.getresponse()
    answer.body = answer.read()
    return answer


def test_a_connection_is_kept_from_request_to_request(aws: Cloud, kit: Any) -> None:
    kit.client("s3").create_bucket(Bucket="hikari")
    large = b"lamp" * 300_000
    with connected(aws) as connection:
        assert asked(connection, "PUT", "/hikari/lamp", large).status == 200
        socket = connection.sock
        # Whatever comes between two requests, the next one is read from its beginning.
        assert asked(connection, "POST", "/_local/lamps", large).status == 404
        assert asked(connection, "POST", "/_local/stop", large, headers={"Origin": "https://a.example"}).status == 403
        head = asked(connection, "HEAD", "/hikari/lamp")
        assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", str(len(large)))
        assert asked(connection, "HEAD", "/hikari/none").status == 404
        assert asked(connection, "DELETE", "/hikari/none").status == 204
        assert asked(connection, "GET", "/hikari/lamp").body == large
        assert connection.sock is socket
        assert asked(connection, "GET", "/hikari/lamp", headers={"Connection": "close"}).body == large
        assert connection.sock is None
    with connected(aws) as connection:  # chunks, whose length nobody says before
        assert asked(connection, "PUT", "/hikari/parts", iter([b"la", b"mp"]), encode_chunked=True).status == 200
        assert asked(connection, "GET", "/hikari/parts").body == b"lamp"
    with connected(aws) as connection:
        connection.putrequest("POST", "/")
        connection.putheader("Content-Length", "lamp")
        connection.endheaders()
        assert connection.getresponse().status == 400


def test_objects_keep_what_is_sent_with_them(kit: Any) -> None:
    s3 = kit.client("s3")
    s3.create_bucket(Bucket="hikari")
    given = {"order_id": "7", "shop-name": "hikari"}
    s3.upload_fileobj(io.BytesIO(b"lamp" * 5_000_000), "hikari", "a b/ランプ", ExtraArgs={"Metadata": given})
    assert s3.head_object(Bucket="hikari", Key="a b/ランプ")["Metadata"] == given
    for version in ("s3", "s3v4"):  # a presigned address has its signature in the query
        signer = boto3.client("s3", config=Config(signature_version=version))
        url = signer.generate_presigned_url("get_object", Params={"Bucket": "hikari", "Key": "a b/ランプ"})
        assert len(urllib.request.urlopen(url).read()) == 20_000_000


#: Service, call, arguments: calls that moto does not have, in each form that a request can have.
MISSING: dict[str, tuple[str, str, dict[str, Any]]] = {
    "JSON": ("dynamodb", "list_bulk_operations", {}),
    "query": ("iam", "simulate_custom_policy", {"PolicyInputList": ["{}"], "ActionNames": ["s3:GetObject"]}),
    "REST": ("lambda", "list_code_signing_configs", {}),
    "CBOR": ("cloudwatch", "list_metric_streams", {}),
    "a service": ("translate", "list_terminologies", {}),
}


@pytest.mark.parametrize("form", MISSING)
def test_a_call_that_is_not_there_is_refused_by_name(kit: Any, form: str) -> None:
    service, call, given = MISSING[form]
    refusal = kit.refused(lambda: getattr(kit.client(service), call)(**given))
    assert (refusal.code, refusal.status) == ("NotImplementedException", 501)
    assert "The local cloud doesn't have this call" in refusal.message
    assert "docs/fidelity.md" in refusal.message


def test_an_error_inside_is_told_and_its_traceback_is_kept(aws: Cloud, kit: Any) -> None:
    at, target = aws.endpoint_url, "AmazonSQS.ListQueues"
    called = {"Authorization": SIGNED.format("sqs"), "Content_Type": "application/x-amz-json-1.0"}
    status, answer = kit.raw(at, "POST", "/", b"[1]", X_Amz_Target=target, **called)
    assert (status, answer["__type"].rpartition("#")[2]) == (500, "InternalFailure")
    assert "AttributeError: 'list' object has no attribute 'get' (moto/core/parse.py, line " in answer["message"]
    log = answer["message"].rpartition("The traceback is in ")[2].removesuffix(".")
    assert "POST / for sqs:\nTraceback (most recent call last):" in Path(log).read_text(encoding="utf-8")
    assert kit.client("sqs").list_queues()  # nothing else is the worse for it


def test_what_moto_prints_blocks_nobody(aws: Cloud, kit: Any) -> None:
    (server,) = [c for c in psutil.Process().children() if "serverless_cloud.server" in " ".join(c.cmdline())]
    headers = {"Authorization": SIGNED.format("translate"), "X-Amz-Target": "AWSShineFrontendService.ListTerminologies"}
    with connected(aws) as connection:  # 150 bytes each time: more than a pipe holds
        answers = {asked(connection, "POST", "/", b"{}", headers=headers).status for _ in range(600)}
    assert answers == {501}
    assert server.is_running()
    assert kit.client("sqs").list_queues()


def test_services_that_cannot_be_installed_say_so_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def load(service: str) -> NoReturn:
        tried.append(service)
        raise ImportError("no module named lamps")

    monkeypatch.setattr(services, "load", load)
    late: Any = services.LateServices(None)  # type: ignore[arg-type]
    late.before("sqs")
    for _ in range(2):
        with pytest.raises(RuntimeError, match=r"pipes could not be set up: ImportError\('no module named lamps'\)"):
            late.before("pipes")
    assert tried == ["pipes"]
    assert json.dumps(sorted(late._failed)) == '["pipes"]'
