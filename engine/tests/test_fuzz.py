"""Every operation of every service of the cloud, with plausible and with broken input, gets an answer of AWS's kind.

No answer has a status of 500 or more, hangs, holds a traceback or a page of HTML, or is one that botocore can't read.
The cloud refuses by name what it can't do. The tests of `make test` always make the same requests. `make test-all` also
makes others each time and prints their seed. `FUZZ_SEED=4711 pytest engine/tests/test_fuzz.py -k others` repeats them.
"""

from __future__ import annotations

import itertools
import os
import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from kits import fixtures, fuzz_documents, fuzz_kit as fuzz, fuzz_shop, fuzz_templates
from kits.fuzz_wire import Reply, Sent, Wire
from serverless_cloud import Cloud

# The requests change what the next ones find, and all of them share the resources that the first test makes.
pytestmark = pytest.mark.in_order

cloud_of_module = fixtures.cloud_of()

SEED = "lamps"
OTHER_SEED = os.environ.get("FUZZ_SEED") or str(random.SystemRandom().randrange(10**6))
SERVICES = (
    "lambda", "sqs", "sns", "events", "scheduler", "pipes", "stepfunctions", "dynamodb", "dynamodbstreams", "kinesis",
    "s3", "apigateway", "apigatewayv2", "rds", "ec2", "iam", "sts", "cloudformation", "logs", "cloudwatch", "ssm",
    "secretsmanager", "athena", "batch", "kms",
)  # fmt: skip
#: Answers that are megabytes long.
LEFT_OUT = {
    "DescribeImages", "DescribeInstanceTypes", "DescribeSnapshots", "DescribeSpotPriceHistory",
    "DescribeVpcEndpointServices", "DescribeInstanceTypeOfferings", "GetInstanceTypesFromInstanceRequirements",
}  # fmt: skip
DOCUMENTS = 170  # of each of three kinds
ROLE = "arn:aws:iam::123456789012:role/shop"
OF_EC2 = 60  # so many of EC2's 830 operations are asked for in `make test`


@pytest.fixture(scope="module")
def shop(cloud_of_module: Cloud) -> dict[str, list[Any]]:
    """The names of an account's resources."""
    del cloud_of_module
    return fuzz_shop.furnish()


@dataclass(frozen=True)
class Finding:
    """A request whose answer isn't one of AWS's kind."""

    operation: str
    way: str
    sent: Sent
    reply: Reply

    def __str__(self) -> str:
        told = self.reply.message or self.reply.body[:300].decode(errors="replace")
        request = f"{self.sent.method} {self.sent.path[:200]} {self.sent.body[:300]!r}"
        return f"{self.operation} ({self.way}): {self.reply.problem}: {self.reply.status} {told}\n    {request}"


class Fuzzer:
    """Asks one service. Args: endpoint_url: of the cloud; shop: the names of resources; seed: decides all choices."""

    def __init__(self, endpoint_url: str, service: str, shop: dict[str, list[Any]], seed: str) -> None:
        self._wire, self._service, self._shop, self._seed = Wire(endpoint_url, service), service, shop, seed
        self.findings: list[Finding] = []

    def operations(self) -> list[str]:
        """All operations, or some of EC2's if the seed is the usual one."""
        names = [name for name in fuzz.operations(self._service) if name not in LEFT_OUT]
        if self._service == "ec2" and self._seed == SEED:
            chosen = set(random.Random(SEED).sample(names, OF_EC2))
            return [name for name in names if name in chosen]
        return names

    def plausible(self, operation: str) -> None:
        """Makes one call with input that the model allows."""
        dice = self._dice(operation)
        self._send(operation, "plausible", self._request(operation, self._given(operation, dice)))

    def broken(self, operation: str, ways: int) -> None:
        """Makes some calls, each with input that is broken in another way."""
        dice = self._dice(operation)
        given = self._given(operation, dice)
        for way in dice.sample((*fuzz.SPOILERS, *fuzz.VANDALS), ways):
            if way in fuzz.VANDALS:
                sent = self._request(operation, given)
                sent = way(sent, dice) if sent is not None else None
            else:
                sent = self._request(operation, way(given, dice))
            self._send(operation, way.__name__, sent)

    def report(self) -> str:
        """The findings, for a message."""
        lines = "\n".join(map(str, self.findings))
        return f"{self._service}, seed {self._seed}, {len(self.findings)} answers:\n{lines}"

    def _dice(self, operation: str) -> random.Random:
        return random.Random(f"{self._seed} {self._service} {operation}")

    def _given(self, operation: str, dice: random.Random) -> dict[str, Any]:
        return fuzz.Plausible(dice, self._shop).parameters(self._service, operation)

    def _request(self, operation: str, given: Any) -> Sent | None:
        try:
            return self._wire.request(operation, given)
        except Exception:  # of whatever kind: nobody can send it, because a path or a header has no place for it
            return None

    def _send(self, operation: str, way: str, sent: Sent | None) -> None:
        if sent is None:
            return
        reply = self._wire.send(sent, operation)
        if reply.problem:
            self.findings.append(Finding(operation, way, sent, reply))


@pytest.mark.parametrize("service", SERVICES)
def test_plausible_input(cloud_of_module: Cloud, shop: dict[str, list[Any]], service: str) -> None:
    fuzzer = Fuzzer(cloud_of_module.endpoint_url, service, shop, SEED)
    for operation in fuzzer.operations():
        fuzzer.plausible(operation)
    assert not fuzzer.findings, fuzzer.report()


@pytest.mark.parametrize("service", SERVICES)
def test_broken_input(cloud_of_module: Cloud, shop: dict[str, list[Any]], service: str) -> None:
    fuzzer = Fuzzer(cloud_of_module.endpoint_url, service, shop, SEED)
    for operation in fuzzer.operations():
        fuzzer.broken(operation, 1)
    assert not fuzzer.findings, fuzzer.report()


_SIGNERS = ("s3", "sqs", "dynamodb", "states", "ec2", "x", "")
SCOPES = (
    *(f"local/20260101/us-east-1/{name}/aws4_request" for name in _SIGNERS),
    "local/20260101/mars-1/lambda/aws4_request", "local/20260101//rds/aws4_request", "local", "/////",
)  # fmt: skip
PATHS = (
    "/", "//", "/%ff%fe", "/a/b?c=%ff", "/2015-03-31/functions/%00", "/?Action=ListQueues", "/restapis/%2F/x", "/tags/",
    "/lamps/%E3%83", "/_local/timeline?region=", "/_local/url", "/_local/package?arn=x", "/_local/x",
)  # fmt: skip
HEADERS: tuple[dict[str, str], ...] = (
    {},
    {"X-Amz-Target": "x"},
    {"X-Amz-Target": "DynamoDB_x.y"},
    {"X-Amz-Target": "AmazonSSM.GetParameter"},
    {"Content-Type": "application/x-www-form-urlencoded"},
    {"Content-Type": "multipart/form-data"},
)
BODIES = (b"", b"{}", b"null", b"\xff", b"[", b"Action=ListQueues")


def test_requests_that_no_sdk_sends(cloud_of_module: Cloud, shop: dict[str, list[Any]]) -> None:
    del shop
    wire, dice, wrong = Wire(cloud_of_module.endpoint_url, "s3"), random.Random(SEED), []
    for scope, path, method in itertools.product(SCOPES, PATHS, ("GET", "POST", "PUT", "DELETE", "LAMP")):
        signed = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}
        sent = Sent(method, path, signed | dice.choice(HEADERS), dice.choice(BODIES))
        status, _, body = wire.exchange(sent)
        if status >= 500 or b"Traceback" in body or b"<html" in body:
            wrong.append((status, sent, body[:300]))
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.thorough
def test_broken_templates(cloud_of_module: Cloud) -> None:
    print(f"FUZZ_SEED={OTHER_SEED}")
    wire, dice, wrong = Wire(cloud_of_module.endpoint_url, "cloudformation"), random.Random(OTHER_SEED), []
    for number in range(100):
        template = fuzz_templates.broken(dice)
        stack = {"StackName": f"shop-{number}", "ChangeSetName": "first", "ChangeSetType": "CREATE"}
        capabilities = {"Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]}
        for operation, more in (("ValidateTemplate", {}), ("CreateChangeSet", stack | capabilities)):
            reply = wire.send(wire.request(operation, {"TemplateBody": template} | more), operation)
            if reply.problem:
                wrong.append(f"{operation}: {reply.problem}: {reply.message}\n    {template}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("service", "operation", "broken", "request_of"),
    [
        ("apigateway", "ImportRestApi", fuzz_documents.broken_rest_api, lambda text: {"body": text.encode()}),
        ("apigatewayv2", "ImportApi", fuzz_documents.broken_http_api, lambda text: {"Body": text}),
        (
            "stepfunctions",
            "CreateStateMachine",
            fuzz_documents.broken_machine,
            lambda text: {"name": f"m-{zlib.crc32(text.encode())}", "definition": text, "roleArn": ROLE},
        ),
    ],
    ids=["rest api", "http api", "state machine"],
)
def test_broken_documents(
    cloud_of_module: Cloud,
    service: str,
    operation: str,
    broken: Callable[[random.Random], str],
    request_of: Callable[[str], dict[str, Any]],
) -> None:
    print(f"FUZZ_SEED={OTHER_SEED}")
    wire, dice, wrong = Wire(cloud_of_module.endpoint_url, service), random.Random(OTHER_SEED), []
    for _ in range(DOCUMENTS):
        document = broken(dice)
        reply = wire.send(wire.request(operation, request_of(document)), operation)
        if reply.problem:
            wrong.append(f"{reply.problem}: {reply.message}\n    {document}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.thorough
@pytest.mark.parametrize("service", SERVICES)
def test_others_each_time(cloud_of_module: Cloud, shop: dict[str, list[Any]], service: str) -> None:
    print(f"FUZZ_SEED={OTHER_SEED}")
    fuzzer = Fuzzer(cloud_of_module.endpoint_url, service, shop, OTHER_SEED)
    for operation in fuzzer.operations():
        fuzzer.plausible(operation)
        fuzzer.broken(operation, 3 if service == "ec2" else 7)
    assert not fuzzer.findings, fuzzer.report()


def test_what_is_broken_is_found() -> None:
    """The fuzzer's own eyes: each answer that no SDK reads as AWS's is a finding."""
    wire = Wire("http://127.0.0.1:9", "s3")
    answers = [
        (500, b"<Error><Code>InternalError</Code></Error>"),
        (404, b"<!doctype html>\n<html lang=en>"),
        (400, b""),
        (200, b"{}"),
        (400, b"<Error><Code>A</Code><Message>Traceback (most recent call last)</Message></Error>"),
        (404, b"<Error><Code>NoSuchKey</Code></Error>"),
    ]
    problems = [bool(wire.read("ListBuckets", status, {}, body, "GET").problem) for status, body in answers]
    assert problems == [True, True, True, True, True, False]
    assert wire.send(Sent("GET", "/", {}, b""), "ListBuckets").problem
