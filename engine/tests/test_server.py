"""The main server: its connections, and what a caller is told when it fails or does not have a call."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import re
import urllib.request
from collections.abc import Iterator
from typing import Any, NoReturn
from urllib.parse import urlsplit

import boto3
import psutil
import pytest
from botocore.config import Config

from kits import cloud_kit
from serverless_cloud import Cloud, faults, services

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
    assert (refusal.code, refusal.status) == ("NotImplementedException", 400)
    assert "The local cloud doesn't have this call" in refusal.message
    assert "docs/fidelity.md" in refusal.message


def raw(aws: Cloud, kit: Any, service: str, target: str, body: bytes) -> tuple[int, str, str]:
    """Status, code and message of the answer to a JSON request."""
    called = {"Authorization": SIGNED.format(service), "Content_Type": "application/x-amz-json-1.0"}
    status, answer = kit.raw(aws.endpoint_url, "POST", "/", body, X_Amz_Target=target, **called)
    return status, answer["__type"].rpartition("#")[2], answer["message"]


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (b"[1]", "SerializationException", "Start of list found where not expected"),
        (b"{", "SerializationException", "The request body can't be read: Expecting property name"),
        (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, "SerializationException", "The request body can't be read: maximum"),
        (b'{"Name": 1}', "SerializationException", "NUMBER_VALUE cannot be converted to String"),
        (b"{}", "ValidationException", "Value null at 'name' failed to satisfy constraint: Member must not be null"),
    ],
)
def test_a_request_that_moto_fails_on_is_refused_as_on_aws(
    aws: Cloud, kit: Any, body: bytes, code: str, message: str
) -> None:
    status, found, told = raw(aws, kit, "ssm", "AmazonSSM.GetParameter", body)
    assert (status, found) == (400, code)
    assert message in told


def test_an_action_that_aws_does_not_have(aws: Cloud) -> None:
    """boto3 can't ask for one."""
    headers = {"Authorization": SIGNED.format("sns"), "Content-Type": "application/x-www-form-urlencoded"}
    codes = []
    with connected(aws) as connection:
        for body in (b"Action=LightLamps", b"", b"\xff"):
            answer = asked(connection, "POST", "/", body, headers=headers)
            codes.append((answer.status, answer.body.decode().partition("<Code>")[2].partition("<")[0]))
    assert codes == [(400, "InvalidAction"), (400, "MissingAction"), (400, "MissingAction")]
    assert raw(aws, cloud_kit, "ssm", "AmazonSSM.LightLamps", b"{}") == (
        400, "UnknownOperationException", "The operation LightLamps is not known.",
    )  # fmt: skip


def test_an_error_inside_is_told_and_its_traceback_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST", "PATH_INFO": "/", "wsgi.input": io.BytesIO(b"{}"), "SERVER_NAME": "localhost",
        "SERVER_PORT": "80", "wsgi.url_scheme": "http", "HTTP_X_AMZ_TARGET": "AmazonSQS.ListQueues",
        "CONTENT_TYPE": "application/x-amz-json-1.0", "CONTENT_LENGTH": "2",
    }  # fmt: skip
    try:
        services.LateServices(None).before(["sqs"])  # type: ignore[arg-type]
    except TypeError as error:
        answer = faults.of_error(error, environ, "sqs", "server.log")
    told = json.loads(answer.body)
    assert (answer.status[:3], told["__type"].rpartition("#")[2]) == ("500", "InternalFailure")
    assert re.search(r"TypeError: .* \(serverless_cloud/services/__init__.py, line \d+\)", told["message"])
    assert told["message"].endswith("the local cloud has a bug. The traceback is in server.log.")
    assert "POST / for sqs:\nTraceback (most recent call last):" in capsys.readouterr().err


def test_what_moto_prints_blocks_nobody(aws: Cloud, kit: Any) -> None:
    (server,) = [c for c in psutil.Process().children() if "serverless_cloud.server" in " ".join(c.cmdline())]
    headers = {"Authorization": SIGNED.format("translate"), "X-Amz-Target": "AWSShineFrontendService.ListTerminologies"}
    with connected(aws) as connection:  # 150 bytes each time: more than a pipe holds
        answers = {asked(connection, "POST", "/", b"{}", headers=headers).status for _ in range(600)}
    assert answers == {400}
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
