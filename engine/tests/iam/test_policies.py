"""What policies say of requests, and which actions and resources a request needs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from serverless_cloud.errors import AccessDenied
from serverless_cloud.iam.actions import WebRequest, call_of
from serverless_cloud.iam.matching import UnknownContextKey
from serverless_cloud.iam.permissions import Identity, Permissions
from serverless_cloud.iam.policies import Policy, Principal, Request, Verdict, verdict_of
from serverless_cloud.iam.resources import ArnScope, requests_of

ORDERS = "arn:aws:sqs:us-east-1:123456789012:orders"
ROLE = "arn:aws:iam::123456789012:role/hikari"
SESSION = "arn:aws:sts::123456789012:assumed-role/hikari/worker"
WORKER = Principal(SESSION, frozenset([SESSION, ROLE]), "123456789012")
ALLOW, DENY, NOTHING = Verdict.ALLOW, Verdict.DENY, Verdict.NOTHING


def statement(**changes: Any) -> dict[str, Any]:
    """A statement that allows to send to the queue of orders; None takes an element away."""
    full = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": ORDERS} | changes
    return {name: value for name, value in full.items() if value is not None}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def says(given: dict[str, Any], request: Request, principal: Principal | None = None, **more: Any) -> Verdict:
    return Policy(document(given)).says(request, principal, **more)


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, ALLOW),
        ({"Action": "SQS:sendmessage"}, ALLOW),
        ({"Action": ["sqs:Receive*", "sqs:Send?essage"]}, ALLOW),
        ({"Action": "*"}, ALLOW),
        ({"Action": "sqs:ReceiveMessage"}, NOTHING),
        ({"Action": None, "NotAction": "sqs:DeleteQueue"}, ALLOW),
        ({"Action": None, "NotAction": "sqs:*"}, NOTHING),
        ({"Resource": "*"}, ALLOW),
        ({"Resource": "arn:aws:sqs:*:*:ord*"}, ALLOW),
        ({"Resource": "arn:aws:sqs:*:orders"}, NOTHING),  # a wildcard does not go beyond its part
        ({"Resource": ["arn:aws:sqs:us-east-1:123456789012:stock"]}, NOTHING),
        ({"Resource": None, "NotResource": ORDERS}, NOTHING),
        ({"Resource": None, "NotResource": "arn:aws:sqs:*:*:stock"}, ALLOW),
        ({"Effect": "Deny"}, DENY),
        ({"Effect": "Deny", "Resource": None, "NotResource": ORDERS}, NOTHING),
    ],
)
def test_actions_and_resources(changes: dict[str, Any], verdict: Verdict) -> None:
    assert says(statement(**changes), Request("sqs:SendMessage", ORDERS)) is verdict


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"StringEquals": {"aws:RequestedRegion": ["eu-west-1", "us-east-1"]}}, True),
        ({"StringEquals": {"AWS:requestedregion": "eu-west-1"}}, False),
        ({"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "us-east-1"]}}, False),
        ({"StringLike": {"aws:RequestedRegion": "us-*"}}, True),
        ({"StringNotLike": {"aws:RequestedRegion": "us-*"}}, False),
        ({"StringEqualsIgnoreCase": {"aws:RequestedRegion": "US-East-1"}}, True),
        ({"StringEquals": {"aws:SourceAccount": "123456789012"}}, False),  # the request has no such key
        ({"StringEqualsIfExists": {"aws:SourceAccount": "123456789012"}}, True),
        ({"StringNotEquals": {"aws:SourceAccount": "123456789012"}}, True),
        ({"Null": {"aws:SourceAccount": "true"}}, True),
        ({"Null": {"aws:RequestedRegion": "true"}}, False),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/hik*"}}, True),
        ({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/hik*"}}, False),
        ({"Bool": {"aws:SecureTransport": False}}, False),
        ({"Bool": {"aws:SecureTransport": "true"}}, True),
        ({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, True),
        ({"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8", "127.0.0.1"]}}, False),
        ({"NumericLessThan": {"s3:max-keys": "11"}}, True),
        ({"DateGreaterThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}}, False),
        ({"ForAnyValue:StringLike": {"aws:CalledVia": "*.amazonaws.com"}}, False),
        ({"ForAllValues:StringLike": {"aws:CalledVia": "*.amazonaws.com"}}, True),
        ({"StringEquals": {"aws:RequestedRegion": "us-east-1", "aws:SourceAccount": "1"}}, False),  # all must hold
    ],
)
def test_conditions(condition: dict[str, Any], holds: bool) -> None:
    context = {
        "aws:requestedregion": ["us-east-1"],
        "aws:principalarn": [ROLE],
        "aws:securetransport": ["true"],
        "aws:sourceip": ["127.0.0.1"],
        "aws:currenttime": ["2026-11-25T04:00:00Z"],
        "s3:max-keys": ["10"],
    }
    request = Request("sqs:SendMessage", ORDERS, context)
    assert says(statement(Condition=condition), request) is (ALLOW if holds else NOTHING)
    assert says(statement(Condition=condition, Effect="Deny"), request) is (DENY if holds else NOTHING)


def test_variables_stand_for_what_is_known_of_the_request() -> None:
    own = statement(Action="s3:GetObject", Resource="arn:aws:s3:::hikari/${aws:username}/*")
    mine = {"aws:username": ["aiko"]}
    assert says(own, Request("s3:GetObject", "arn:aws:s3:::hikari/aiko/a.txt", mine)) is ALLOW
    assert says(own, Request("s3:GetObject", "arn:aws:s3:::hikari/ken/a.txt", mine)) is NOTHING
    assert says(own, Request("s3:GetObject", "arn:aws:s3:::hikari/aiko/a.txt")) is NOTHING


def test_nothing_is_decided_by_guessing() -> None:
    keyed = statement(Condition={"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["x"]}})
    with pytest.raises(UnknownContextKey, match="dynamodb:LeadingKeys"):
        says(keyed, Request("sqs:SendMessage", ORDERS))
    request = Request("sqs:SendMessage", ORDERS)
    assert verdict_of([document(keyed), document(statement())], request) is ALLOW  # it does not matter then
    with pytest.raises(UnknownContextKey, match="dynamodb:LeadingKeys"):
        verdict_of([document(statement()), document(keyed | {"Effect": "Deny"})], request)
    for broken, message in (
        (statement(Effect="allow"), "needs an Effect"),
        (statement(Action=None), "an Action or a NotAction"),
        (statement(Resources="*"), "has no element Resources"),
        (statement(Condition={"StringIs": {"aws:SourceIp": "x"}}), "StringIs is not a condition operator"),
    ):
        with pytest.raises(ValueError, match=message):
            Policy(document(broken))
    with pytest.raises(ValueError, match="JSON object"):
        Policy("[]")


@pytest.mark.parametrize(
    ("principal", "verdict"),
    [
        ("*", ALLOW),
        ({"AWS": "*"}, ALLOW),
        ({"AWS": ROLE}, ALLOW),
        ({"AWS": ["arn:aws:iam::123456789012:role/other", SESSION]}, ALLOW),
        ({"AWS": "arn:aws:iam::123456789012:role/other"}, NOTHING),
        ({"AWS": "123456789012"}, NOTHING),  # hands the decision to the account's own policies
        ({"Service": "sns.amazonaws.com"}, NOTHING),
    ],
)
def test_principals(principal: Any, verdict: Verdict) -> None:
    request = Request("sqs:SendMessage", ORDERS)
    assert says(statement(Principal=principal), request, WORKER) is verdict
    sns = Principal("sns.amazonaws.com", frozenset(["sns.amazonaws.com"]))
    named = principal in ("*", {"AWS": "*"}, {"Service": "sns.amazonaws.com"})
    assert says(statement(Principal=principal), request, sns) is (ALLOW if named else NOTHING)


def test_the_account_as_a_principal() -> None:
    request, account = Request("sqs:SendMessage", ORDERS), {"AWS": "arn:aws:iam::123456789012:root"}
    assert says(statement(Principal=account), request, WORKER, through_account=True) is ALLOW
    assert says(statement(Principal=account, Effect="Deny"), request, WORKER) is DENY
    others = statement(NotPrincipal={"AWS": ROLE}, Effect="Deny")
    assert says(others, request, WORKER) is NOTHING
    assert says(others, request, Principal("x", frozenset(), "999999999999")) is DENY


def test_a_deny_counts_more_than_any_allow() -> None:
    request = Request("sqs:SendMessage", ORDERS)
    allow, deny = document(statement()), document(statement(Effect="Deny", Action="sqs:*"))
    assert verdict_of([allow, deny], request) is DENY
    assert verdict_of([document(statement(), statement(Effect="Deny"))], request) is DENY
    assert verdict_of([document(statement(Action="sqs:ReceiveMessage")), allow], request) is ALLOW
    assert verdict_of([], request) is NOTHING


@pytest.mark.parametrize(
    ("own", "boundary", "session", "resource", "refusal"),
    [
        ("allow", None, None, None, None),
        ("", None, None, None, "because no identity-based policy allows the sqs:sendmessage action"),
        ("deny", None, None, "allow", "with an explicit deny in an identity-based policy"),
        ("allow", "", None, None, "because no permissions boundary allows the sqs:sendmessage action"),
        ("allow", "deny", None, None, "with an explicit deny in a permissions boundary"),
        ("allow", "allow", "", None, "because no session policy allows the sqs:sendmessage action"),
        ("", None, None, "allow", None),
        ("allow", None, None, "deny", "with an explicit deny in a resource-based policy"),
        ("allow", None, None, "broken", "because the local cloud can't evaluate a policy"),
    ],
)
def test_policies_of_all_kinds_together(
    own: str, boundary: str | None, session: str | None, resource: str | None, refusal: str | None
) -> None:
    texts = {
        "allow": document(statement(Principal="*")),
        "deny": document(statement(Principal="*", Effect="Deny")),
        "": document(),
        "broken": "{",
    }
    given = [None if kind is None else texts[kind] for kind in (boundary, session, resource)]
    identity = Identity(WORKER, (texts[own],), given[0], given[1])
    permissions = Permissions(enforced=True)
    if refusal is None:
        permissions.authorise(identity, Request("sqs:SendMessage", ORDERS), given[2])
        return
    with pytest.raises(AccessDenied) as denied:
        permissions.authorise(identity, Request("sqs:SendMessage", ORDERS), given[2])
    assert f"User: {SESSION} is not authorized to perform: sqs:sendmessage on resource: {ORDERS}" in str(denied.value)
    assert refusal in str(denied.value)
    Permissions().authorise(identity, Request("sqs:SendMessage", ORDERS), given[2])  # off unless told


def needed(service: str, method: str = "POST", path: str = "/", body: Any = b"", **more: Any) -> list[tuple[str, str]]:
    """The actions and resources of a request."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    web = WebRequest(service, "ASIA", "us-east-1", method, path, more.get("headers", {}), more.get("query", {}), raw)
    place = ArnScope(
        "us-east-1", "123456789012", lambda name: f"arn:aws:secretsmanager:us-east-1:1:secret:{name}-AbCdEf"
    )
    return [(request.action, request.resource) for request in requests_of(web, call_of(web), place)]


def arn(service: str, rest: str) -> str:
    return f"arn:aws:{service}:us-east-1:123456789012:{rest}"


@pytest.mark.parametrize(
    ("target", "body", "expected"),
    [
        ("sqs AmazonSQS.SendMessageBatch", {"QueueUrl": "http://127.0.0.1:1/123456789012/orders"},
         [("sqs:SendMessage", ORDERS)]),
        ("sqs AmazonSQS.ListQueues", {}, [("sqs:ListQueues", "*")]),
        ("dynamodb DynamoDB_20120810.Query", {"TableName": "orders", "IndexName": "by-day"},
         [("dynamodb:Query", arn("dynamodb", "table/orders/index/by-day"))]),
        ("dynamodb DynamoDB_20120810.BatchGetItem", {"RequestItems": {"orders": {}, "stock": {}}},
         [("dynamodb:BatchGetItem", arn("dynamodb", f"table/{t}")) for t in ("orders", "stock")]),
        ("dynamodb DynamoDB_20120810.TransactWriteItems",
         {"TransactItems": [{"Put": {"TableName": "orders"}}, {"ConditionCheck": {"TableName": "stock"}}]},
         [("dynamodb:PutItem", arn("dynamodb", "table/orders")),
          ("dynamodb:ConditionCheckItem", arn("dynamodb", "table/stock"))]),
        ("dynamodb DynamoDBStreams_20120810.GetRecords", {"ShardIterator": "arn:aws:dynamodb:us-east-1:1:t/s|1|x"},
         [("dynamodb:GetRecords", "arn:aws:dynamodb:us-east-1:1:t/s")]),
        ("kinesis Kinesis_20131202.PutRecord", {"StreamName": "clicks"},
         [("kinesis:PutRecord", arn("kinesis", "stream/clicks"))]),
        ("events AWSEvents.PutEvents", {"Entries": [{}, {"EventBusName": "shop"}, {}]},
         [("events:PutEvents", arn("events", f"event-bus/{bus}")) for bus in ("default", "shop")]),
        ("events AWSEvents.PutTargets",
         {"Rule": "paid", "EventBusName": "shop", "Targets": [{"Arn": "x", "RoleArn": ROLE}]},
         [("events:PutTargets", arn("events", "rule/shop/paid")), ("iam:PassRole", ROLE)]),
        ("states AWSStepFunctions.StartExecution", {"stateMachineArn": "arn:aws:states:::m"},
         [("states:StartExecution", "arn:aws:states:::m")]),
        ("secretsmanager secretsmanager.GetSecretValue", {"SecretId": "db"},
         [("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:us-east-1:1:secret:db-AbCdEf")]),
        ("ssm AmazonSSM.GetParameters", {"Names": ["/a/b", "c"]},
         [("ssm:GetParameters", arn("ssm", f"parameter/{name}")) for name in ("a/b", "c")]),
        ("logs Logs_20140328.PutLogEvents", {"logGroupName": "/aws/lambda/f", "logStreamName": "s"},
         [("logs:PutLogEvents", arn("logs", "log-group:/aws/lambda/f:log-stream:s"))]),
        ("monitoring GraniteServiceVersion20100801.PutMetricData", {}, [("cloudwatch:PutMetricData", "*")]),
    ],
)  # fmt: skip
def test_what_json_requests_need(target: str, body: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    service, header = target.split()
    assert needed(service, body=body, headers={"x-amz-target": header}) == expected


@pytest.mark.parametrize(
    ("request_line", "query", "expected"),
    [
        ("POST /2015-03-31/functions/price/invocations", {}, [("lambda:InvokeFunction", "function:price")]),
        ("POST /2015-03-31/functions/price/invocations", {"Qualifier": "live"},
         [("lambda:InvokeFunction", "function:price:live")]),
        ("POST /2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:price:7/invocations", {},
         [("lambda:InvokeFunction", "function:price:7")]),
        ("GET /2015-03-31/functions/price", {}, [("lambda:GetFunction", "function:price")]),
        ("DELETE /2015-03-31/functions/price/policy/sid", {}, [("lambda:RemovePermission", "function:price")]),
    ],
)  # fmt: skip
def test_what_requests_to_lambda_need(
    request_line: str, query: dict[str, str], expected: list[tuple[str, str]]
) -> None:
    method, path = request_line.split()
    assert needed("lambda", method, path, query=query) == [(action, arn("lambda", rest)) for action, rest in expected]


def test_what_requests_to_batch_need() -> None:
    body = {"jobName": "prices", "jobQueue": "nightly", "jobDefinition": arn("batch", "job-definition/prices:2")}
    assert needed("batch", "POST", "/v1/submitjob", body) == [
        ("batch:SubmitJob", arn("batch", "job-definition/prices:2")),
        ("batch:SubmitJob", arn("batch", "job-queue/nightly")),
    ]
    assert needed("batch", "POST", "/v1/terminatejob", {"jobId": "j-1", "reason": "late"}) == [
        ("batch:TerminateJob", arn("batch", "job/j-1"))
    ]
    assert needed("batch", "POST", "/v1/describejobs", {"jobs": ["j-1"]}) == [("batch:DescribeJobs", "*")]


def test_calls_that_need_no_permission_and_broken_transactions() -> None:
    assert needed("dynamodb", headers={"x-amz-target": "DynamoDB_20120810.ExecuteStatement"}) == []
    bodies: list[Any] = [{"TransactItems": [7]}, {"TransactItems": [{"Put": 7}]}, {"QueueUrl": []}, [], b"{"]
    for body in bodies:
        for target in ("DynamoDB_20120810.TransactGetItems", "DynamoDB_20120810.TransactWriteItems"):
            needed("dynamodb", body=body, headers={"x-amz-target": target})  # raises nothing: moto refuses it


def test_a_role_that_is_handed_over_must_be_allowed_to_be() -> None:
    body = {"FunctionName": "price", "Role": ROLE}
    made = [("lambda:CreateFunction", arn("lambda", "function:price")), ("iam:PassRole", ROLE)]
    assert needed("lambda", "POST", "/2015-03-31/functions", body) == made
    form = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    publish = b"Action=Publish&TopicArn=arn%3Aaws%3Asns%3Aus-east-1%3A1%3Apaid&Version=2010-03-31"
    assert needed("sns", body=publish, headers=form) == [("sns:Publish", "arn:aws:sns:us-east-1:1:paid")]
    assert needed("sts", body=b"Action=GetCallerIdentity", headers=form) == []
    assert needed("apigateway", "GET", "/restapis/a1/stages") == [
        ("apigateway:GET", "arn:aws:apigateway:us-east-1::/restapis/a1/stages")
    ]


@pytest.mark.parametrize(
    ("request_line", "query", "headers", "expected"),
    [
        ("GET /", "", {}, ["ListAllMyBuckets *"]),
        ("GET /b", "list-type=2&prefix=x", {}, ["ListBucket b"]),
        ("HEAD /b", "", {}, ["ListBucket b"]),
        ("GET /b", "versions", {}, ["ListBucketVersions b"]),
        ("PUT /b", "", {}, ["CreateBucket b"]),
        ("PUT /b", "notification", {}, ["PutBucketNotification b"]),
        ("DELETE /b", "policy", {}, ["DeleteBucketPolicy b"]),
        ("GET /b/k/l", "", {}, ["GetObject b/k/l"]),
        ("GET /b/k", "versionId=1", {}, ["GetObjectVersion b/k"]),
        ("GET /b/k", "tagging", {}, ["GetObjectTagging b/k"]),
        ("PUT /b/k", "", {}, ["PutObject b/k"]),
        ("PUT /b/k", "", {"x-amz-copy-source": "/other/a%20b"}, ["GetObject other/a b", "PutObject b/k"]),
        ("POST /b/k", "uploads", {}, ["PutObject b/k"]),
        ("DELETE /b/k", "uploadId=1", {}, ["AbortMultipartUpload b/k"]),
        ("DELETE /b/k", "", {}, ["DeleteObject b/k"]),
        ("POST /b", "delete", {}, ["DeleteObject b/one", "DeleteObject b/a&b"]),
    ],
)
def test_what_requests_to_s3_need(request_line: str, query: str, headers: dict[str, str], expected: list[str]) -> None:
    method, path = request_line.split()
    parameters = dict(([*part.split("="), ""])[:2] for part in query.split("&") if part)
    body = b"<Delete><Object><Key>one</Key></Object><Object><Key>a&amp;b</Key></Object></Delete>"
    found = needed("s3", method, path, body, query=parameters, headers=headers)
    assert [f"{a.removeprefix('s3:')} {r.removeprefix('arn:aws:s3:::')}" for a, r in found] == expected
