"""HTTP APIs: integrations, what they wait for, and what cannot be made."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from kits.http_kit import ECHO, integrate, make_api, send
from serverless_cloud import Cloud

HOLDS = """
import os, time
def handler(event, context):
    query = event.get("queryStringParameters") or {}
    while query and not os.path.exists(query["leave"]):
        time.sleep(0.005)
    if query:
        open(query["done"], "w").close()
    return "done"
"""


def test_a_timeout_is_the_client_s_and_the_function_goes_on(kit: Any, tmp_path: Path) -> None:
    api, arn = kit.client("apigatewayv2"), kit.deploy("slow", HOLDS, Timeout=20)
    api_id, address = make_api(arn, "$default")
    integration = api.get_integrations(ApiId=api_id)["Items"][0]["IntegrationId"]
    assert send(address).status == 200  # it is warm: its start is not what takes long
    api.update_integration(ApiId=api_id, IntegrationId=integration, TimeoutInMillis=50)
    leave, done = tmp_path / "leave", tmp_path / "done"
    got = send(address, f"/?leave={leave}&done={done}")
    assert (got.status, got.json) == (503, {"message": "Service Unavailable"})
    leave.touch()
    kit.eventually(done.exists, "the function has gone on to its end")
    api.update_integration(ApiId=api_id, IntegrationId=integration, TimeoutInMillis=30_000)
    kit.client("lambda").put_function_concurrency(FunctionName="slow", ReservedConcurrentExecutions=0)
    assert send(address).status == 503
    kit.client("lambda").delete_function(FunctionName="slow")
    assert (send(address).status, send(address).json) == (500, {"message": "Internal Server Error"})


def test_a_reset_ends_the_apis_and_what_they_wait_for(aws: Cloud, kit: Any, tmp_path: Path) -> None:
    _, address = make_api(kit.deploy("slow", HOLDS, Timeout=20), "$default")
    answers: list[Any] = []

    def ask() -> None:
        try:
            answers.append(send(address, f"/?leave={tmp_path / 'never'}&done={tmp_path / 'done'}").status)
        except OSError as error:
            answers.append(error)

    client = threading.Thread(target=ask)
    client.start()
    kit.eventually(lambda: [e.state for e in aws.environments("slow")] == ["busy"], "the function is called")
    aws.reset()
    client.join(kit.LIMIT_S)
    assert len(answers) == 1  # an error of some kind: nobody waits on
    assert answers[0] != 200
    with pytest.raises(OSError, match="refused"):
        send(address)
    _, address = make_api(kit.deploy("echo", ECHO), "$default")
    assert send(address, "/new").json["rawPath"] == "/new"


def _backend(request: Any, body: bytes) -> tuple[int, dict[str, str], bytes]:
    seen = {"path": request.path, "headers": dict(request.headers), "body": body.decode(), "method": request.command}
    return 418, {"X-Backend": "yes"}, json.dumps(seen).encode()


def test_http_proxies_services_and_parameter_mapping(kit: Any) -> None:
    api = kit.client("apigatewayv2")
    made = api.create_api(Name="hikari", ProtocolType="HTTP")
    api_id, address = made["ApiId"], made["ApiEndpoint"]
    server = kit.serve(_backend)
    backend = f"http://127.0.0.1:{server.server_port}"

    def route(key: str, **integration: Any) -> None:
        id = api.create_integration(ApiId=api_id, **integration)["IntegrationId"]
        api.create_route(ApiId=api_id, RouteKey=key, Target=f"integrations/{id}")

    route(
        "ANY /shop/{proxy+}",
        IntegrationType="HTTP_PROXY",
        IntegrationMethod="ANY",
        IntegrationUri=backend + "/v1/{proxy}",
        PayloadFormatVersion="1.0",
        RequestParameters={
            "append:header.x-stage": "$context.stage",
            "overwrite:querystring.q": "$request.header.x-lamp",
            "remove:header.x-lamp": "''",
        },
        ResponseParameters={
            "418": {"overwrite:statuscode": "202", "append:header.x-new": "${response.header.x-backend}!"}
        },
    )
    queue = kit.make_queue("orders")
    role = kit.make_role("apis")
    route(
        "POST /orders",
        IntegrationType="AWS_PROXY",
        IntegrationSubtype="SQS-SendMessage",
        PayloadFormatVersion="1.0",
        CredentialsArn=role,
        RequestParameters={"QueueUrl": queue.url, "MessageBody": "$request.body.order"},
    )
    api.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
    got = send(address, "/shop/lamps/a%20b?q=1&r=2", "POST", b"desk", [("X-Lamp", "L"), ("X-Other", "o")])
    assert len(got.all("Date")) == 1  # the backend's own is not passed on
    seen = got.json
    assert (got.status, got.header("x-new"), got.header("X-Backend")) == (202, "yes!", "yes")
    assert (seen["method"], seen["path"], seen["body"]) == ("POST", "/v1/lamps/a%20b?r=2&q=L", "desk")
    assert seen["headers"]["x-stage"] == "$default"
    assert "X-Lamp" not in seen["headers"]
    server.shutdown()
    server.server_close()
    assert send(address, "/shop/lamps").status == 503

    got = send(address, "/orders", "POST", b'{"order": {"lamp": "desk"}}')
    assert (got.status, set(got.json) >= {"MessageId", "MD5OfMessageBody"}) == (200, True)
    assert kit.records(queue) == [{"lamp": "desk"}]
    assert send(address, "/orders", "POST", b"{}").status == 400  # SQS takes no empty message


def test_an_api_behind_another_by_the_name_that_aws_gives_it(kit: Any) -> None:
    stock, _ = make_api(kit.deploy("stock", ECHO), "GET /lamps/{id}")
    api = kit.client("apigatewayv2")
    front = api.create_api(Name="front", ProtocolType="HTTP")
    api.create_stage(ApiId=front["ApiId"], StageName="$default", AutoDeploy=True)
    for id, status in ((stock, 200), ("nolamps", 500)):
        uri = f"https://{id}.execute-api.us-east-1.amazonaws.com/lamps/{{id}}"
        target = integrate(front["ApiId"], uri, "1.0", IntegrationType="HTTP_PROXY", IntegrationMethod="GET")
        api.create_route(ApiId=front["ApiId"], RouteKey=f"GET /{id}/{{id}}", Target=target)
        assert send(front["ApiEndpoint"], f"/{id}/7").status == status
    assert send(front["ApiEndpoint"], f"/{stock}/7").json["pathParameters"] == {"id": "7"}


def test_a_state_machine_is_started_and_its_time_is_a_number(kit: Any) -> None:
    api, states = kit.client("apigatewayv2"), kit.client("stepfunctions")
    definition = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
    role = kit.make_role("apis")
    machine = states.create_state_machine(name="orders", definition=definition, roleArn=role)["stateMachineArn"]
    made = api.create_api(Name="hikari", ProtocolType="HTTP")
    api.create_stage(ApiId=made["ApiId"], StageName="$default", AutoDeploy=True)
    integration = api.create_integration(
        ApiId=made["ApiId"],
        IntegrationType="AWS_PROXY",
        IntegrationSubtype="StepFunctions-StartExecution",
        PayloadFormatVersion="1.0",
        CredentialsArn=role,
        RequestParameters={"StateMachineArn": machine, "Input": "$request.body"},
    )
    target = f"integrations/{integration['IntegrationId']}"
    api.create_route(ApiId=made["ApiId"], RouteKey="POST /orders", Target=target)
    got = send(made["ApiEndpoint"], "/orders", "POST", b'{"order": "A-1001"}')
    started = states.describe_execution(executionArn=got.json["executionArn"])
    assert json.loads(started["input"]) == {"order": "A-1001"}
    assert got.json["startDate"] == pytest.approx(started["startDate"].timestamp(), abs=0.01)


def test_what_cannot_be_is_refused(kit: Any) -> None:
    api, arn = kit.client("apigatewayv2"), kit.deploy("echo", ECHO)
    api_id, _ = make_api(arn, "GET /a")
    route, integration, stage = {"ApiId": api_id}, {"ApiId": api_id, "PayloadFormatVersion": "2.0"}, {"ApiId": api_id}
    target = api.get_routes(ApiId=api_id)["Items"][0]["Target"]
    bad_requests = [
        lambda: api.create_route(**route, RouteKey="GET /a/"),
        lambda: api.create_route(**route, RouteKey="FETCH /a"),
        lambda: api.create_route(**route, RouteKey="GET /{a+}/b"),
        lambda: api.create_route(**route, RouteKey="GET /b", ApiKeyRequired=True),
        lambda: api.create_route(**route, RouteKey="GET /b", AuthorizationType="JWT"),
        lambda: api.create_route(**route, RouteKey="GET /b", Target="lamp"),
        lambda: api.create_integration(**integration, IntegrationType="AWS_PROXY", IntegrationUri="lamp"),
        lambda: api.create_integration(
            **integration, IntegrationType="AWS_PROXY", IntegrationUri=arn, TimeoutInMillis=30_001
        ),
        lambda: api.create_integration(
            **integration, IntegrationType="HTTP_PROXY", IntegrationMethod="GET", IntegrationUri="https://example.com/a"
        ),
        lambda: api.create_integration(
            **integration,
            IntegrationType="AWS_PROXY",
            IntegrationUri=arn,
            RequestParameters={"append:header.host": "a"},
        ),
        lambda: api.create_integration(
            **integration,
            IntegrationType="AWS_PROXY",
            IntegrationUri=arn,
            ResponseParameters={"200": {"append:querystring.a": "b"}},
        ),
        lambda: api.create_stage(**stage, StageName="a b"),
        lambda: api.create_stage(**stage, StageName="b", DeploymentId="nothing"),
        lambda: api.update_api(ApiId=api_id, CorsConfiguration={"AllowOrigins": ["*"], "AllowCredentials": True}),
    ]
    for call in bad_requests:
        assert (kit.refused(call).code, kit.refused(call).status) == ("BadRequestException", 400)
    in_use = target.removeprefix("integrations/")
    for call in (
        lambda: api.create_route(**route, RouteKey="GET /a", Target=target),
        lambda: api.create_stage(**stage, StageName="$default"),
        lambda: api.delete_integration(ApiId=api_id, IntegrationId=in_use),
    ):
        assert kit.refused(call).code == "ConflictException"
    for call in (
        lambda: api.create_route(**route, RouteKey="GET /b", Target="integrations/nothing"),
        lambda: api.get_deployment(ApiId=api_id, DeploymentId="nothing"),
        lambda: api.create_deployment(ApiId="nothing"),
    ):
        assert kit.refused(call).code == "NotFoundException"
    for call in (
        lambda: api.create_api(Name="chat", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action"),
        lambda: api.export_api(ApiId=api_id, Specification="OAS30", OutputType="JSON"),
        lambda: api.create_domain_name(DomainName="hikari.example"),
        lambda: api.create_integration(
            **integration, IntegrationType="AWS_PROXY", IntegrationSubtype="Kinesis-PutRecord", CredentialsArn=arn
        ),
        lambda: api.create_stage(**stage, StageName="logs", AccessLogSettings={"Format": "$context.requestId"}),
    ):
        kit.refused(call, "NotImplementedException", "doesn't support")
