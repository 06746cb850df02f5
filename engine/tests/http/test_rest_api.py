"""REST APIs over real HTTP: deployments, routing, proxy events, the other integrations."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from kits import cloud_kit
from kits.rest_kit import Api, function_uri

#: Answers with the event that it got, or as the query string asks.
ECHO = """
import json, time
def handler(event, context):
    asked = (event.get("queryStringParameters") or {}).get("answer", "")
    if asked == "error":
        raise ValueError("no lamp")
    if asked == "slow":
        time.sleep(5)
    if asked == "number":
        return {"statusCode": 200, "body": 7}
    if asked == "picture":
        return {"statusCode": 200, "body": "iVBORw==", "isBase64Encoded": True,
                "headers": {"Content-Type": "image/png"}}
    if asked == "large":
        return {"statusCode": 200, "body": "x" * 6_500_000}
    return {"statusCode": 201, "headers": {"X-Lamp": "on", "set-cookie": "b=2"},
            "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]}, "body": json.dumps(event)}
"""

#: For integrations that are no proxy: fails if it is asked to.
PAYMENT = """
def handler(event, context):
    if event.get("amount") == 0:
        raise ValueError("BadRequest: nothing to pay")
    return {"paid": event.get("amount"), "by": event.get("by")}
"""


@pytest.fixture
def shop() -> Iterator[str]:
    """An HTTP server on this machine that tells what it was sent; /tea is answered with 418. Its address."""

    def answer(request: Any, body: bytes) -> tuple[int, dict[str, str], bytes]:
        sent = {"path": request.path, "stage": request.headers["X-Stage"], "body": body.decode()}
        headers = {"Content-Type": "application/json", "X-Shop": "hikari"}
        return 418 if "tea" in request.path else 200, headers, json.dumps(sent).encode()

    server = cloud_kit.serve(answer)
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_what_answers_is_the_deployment_that_a_stage_shows(aws: Any, kit: Any) -> None:
    arn = kit.deploy("echo", ECHO)
    api = Api(aws)
    api.function("/orders/{id}", arn.replace("echo", "${stageVariables.name}"), "ANY")
    assert api.told("/orders/7") == (403, {"message": "Forbidden"})

    first = api.deploy(variables={"name": "echo", "tax": "10"})
    answer = api.call("/orders/7")
    event = answer.json()
    assert answer.status_code == 201
    assert event["stageVariables"] == {"name": "echo", "tax": "10"}
    assert event["requestContext"]["deploymentId"] == first

    api.mock("/orders/new", body='{"tax": "$stageVariables.tax", "stage": "$context.stage"}')
    assert api.call("/orders/new").json()["resource"] == "/orders/{id}"  # not deployed yet
    second = api.deploy()
    assert api.call("/orders/new").json() == {"tax": "10", "stage": "prod"}  # the stage keeps its variables
    assert api.call("/orders/new/").json()["tax"] == "10"

    api.patch_stage(("/deploymentId", first), ("/variables/tax", "8"))
    assert api.call("/orders/new").json()["stageVariables"]["tax"] == "8"
    api.gateway.create_stage(restApiId=api.id, stageName="test", deploymentId=second, variables={"tax": "0"})
    assert api.call("/orders/new", stage="test").json() == {"tax": "0", "stage": "test"}

    missing = api.call("/lamps", "DELETE")
    assert (missing.status_code, missing.json()) == (403, {"message": "Missing Authentication Token"})
    assert missing.headers["x-amzn-ErrorType"] == "MissingAuthenticationTokenException"
    assert missing.headers["x-amzn-RequestId"]
    assert missing.headers["x-amz-apigw-id"]
    assert api.call("/orders/7", stage="nowhere").json() == {"message": "Forbidden"}
    in_use = kit.refused(lambda: api.gateway.delete_deployment(restApiId=api.id, deploymentId=first))
    assert in_use.message == "Active stages pointing to this deployment must be moved or deleted"

    disable = [{"op": "replace", "path": "/disableExecuteApiEndpoint", "value": "true"}]
    api.gateway.update_rest_api(restApiId=api.id, patchOperations=disable)
    assert api.call("/orders/7").status_code == 403
    api.gateway.delete_rest_api(restApiId=api.id)
    with pytest.raises(requests.ConnectionError):
        api.call("/orders/7")


def test_a_function_gets_the_whole_request(aws: Any, kit: Any) -> None:
    arn = kit.deploy("echo", ECHO)
    api = Api(aws, binaryMediaTypes=["image/png"])
    api.function("/orders/{id}/lines/{line}", arn, "ANY")
    api.function("/{proxy+}", arn, "ANY")
    api.function("/orders/{id}", arn, "GET")
    api.deploy()

    headers = {"X-Twice": "1", "Cookie": "c=1", "User-Agent": "lamp/1"}
    sent = {"lamp": "läslampa"}
    answer = api.call("/orders/7/lines/a%2Fb/?x=1&x=2&y=%20z", "POST", json=sent, headers=headers)
    event = answer.json()
    assert answer.status_code == 201
    assert answer.headers["X-Lamp"] == "on"
    assert answer.headers["Set-Cookie"] == "a=1, b=2"  # joined by requests; what is there twice is sent once
    assert answer.headers["X-Amzn-Trace-Id"].startswith("Root=1-")
    assert (event["resource"], event["path"]) == ("/orders/{id}/lines/{line}", "/orders/7/lines/a%2Fb/")
    assert event["pathParameters"] == {"id": "7", "line": "a%2Fb"}
    assert event["queryStringParameters"] == {"x": "2", "y": " z"}
    assert event["multiValueQueryStringParameters"] == {"x": ["1", "2"], "y": [" z"]}
    assert event["multiValueHeaders"]["X-Twice"] == ["1"]
    assert (json.loads(event["body"]), event["isBase64Encoded"]) == (sent, False)
    context = event["requestContext"]
    assert context["requestId"] == answer.headers["x-amzn-RequestId"]
    assert context["extendedRequestId"] == answer.headers["x-amz-apigw-id"]
    known = {name: context[name] for name in ("accountId", "apiId", "stage", "path", "resourcePath", "httpMethod")}
    assert known == {
        "accountId": "123456789012",
        "apiId": api.id,
        "stage": "prod",
        "path": "/prod/orders/7/lines/a%2Fb/",
        "resourcePath": "/orders/{id}/lines/{line}",
        "httpMethod": "POST",
    }
    assert (context["identity"]["sourceIp"], context["identity"]["userAgent"]) == ("127.0.0.1", "lamp/1")

    # Exact before {parameter} before {proxy+}; a method that a resource has not may be {proxy+}'s.
    assert api.call("/orders/7").json()["resource"] == "/orders/{id}"
    greedy = api.call("/orders/7/parts/1").json()
    assert (greedy["resource"], greedy["pathParameters"]) == ("/{proxy+}", {"proxy": "orders/7/parts/1"})
    assert api.call("/orders/7", "PUT").json()["resource"] == "/{proxy+}"
    assert api.call("").status_code == 403  # {proxy+} needs something

    picture = b"\x89PNG\r\n"
    event = api.call("/pictures", "PUT", data=picture, headers={"Content-Type": "image/png"}).json()
    assert (base64.b64decode(event["body"]), event["isBase64Encoded"]) == (picture, True)
    event = api.call("/pictures", "PUT", data=picture, headers={"Content-Type": "image/gif"}).json()
    assert (event["body"], event["isBase64Encoded"]) == ("\ufffdPNG\r\n", False)  # no binary type: damaged
    assert api.call("/pictures?answer=picture", headers={"Accept": "image/png"}).content == b"\x89PNG"
    assert api.call("/pictures?answer=picture", headers={"Accept": "text/html"}).text == "iVBORw=="
    head = api.call("/pictures", "HEAD")
    assert (head.status_code, head.content, head.headers["X-Lamp"]) == (201, b"", "on")
    assert api.call("/pictures", "OPTIONS").json()["httpMethod"] == "OPTIONS"


def test_what_does_not_get_an_answer(aws: Any, kit: Any) -> None:
    arn = kit.deploy("echo", ECHO)
    api = Api(aws)
    for method in ("GET", "POST"):
        api.function("/orders", arn, method)
    api.function("/slow", arn, timeoutInMillis=300)
    api.function("/gone", arn.replace("echo", "nobody"))
    api.deploy()
    for asked in ("error", "number", "large"):
        bad = api.call(f"/orders?answer={asked}")
        assert (bad.status_code, bad.json()) == (502, {"message": "Internal server error"}), asked
        assert bad.headers["x-amzn-ErrorType"] == "InternalServerErrorException"
    assert api.told("/orders", "POST", data="x" * 6_300_000) == (413, {"message": "Request Too Long"})
    assert api.told("/slow?answer=slow") == (504, {"message": "Endpoint request timed out"})
    assert api.call("/gone").status_code == 500


def test_an_api_sends_to_a_queue_by_itself(aws: Any, kit: Any) -> None:
    api, queue, role = Api(aws), kit.make_queue("orders"), kit.make_role("api")
    form = {"integration.request.header.Content-Type": "'application/x-www-form-urlencoded'"}
    template = (
        "Action=SendMessage&MessageBody=$util.urlEncode($input.body)&MessageAttribute.1.Name=kind"
        "&MessageAttribute.1.Value.DataType=String&MessageAttribute.1.Value.StringValue=$input.params('kind')"
    )
    names = api.method("/orders", "POST")
    more = {"requestParameters": form, "passthroughBehavior": "NEVER"}
    api.service(names, "sqs", "path/123456789012/orders", role, template, **more)
    found = "$input.path('$.SendMessageResponse.SendMessageResult.MessageId')"
    api.answer(names, "200", {"application/json": f'{{"id": "{found}"}}'})
    api.answer(names, "404", {"application/json": '{"why": $input.json("$.Error.Code")}'}, pattern="4\\d{2}")
    names = api.method("/json", "POST")
    body = f'{{"QueueUrl": "{queue.url}", "MessageBody": "$util.escapeJavaScript($input.body)"}}'
    json_1_0 = {"integration.request.header.Content-Type": "'application/x-amz-json-1.0'"}
    api.service(names, "sqs", "action/SendMessage", role, body, requestParameters=json_1_0)
    api.answer(names, "202")
    api.answer(names, "400", {"application/json": '{"why": $input.json("$.message")}'}, pattern="4\\d{2}")
    api.deploy()

    order = '{"lamp": "a b&c", "line": "1\\n2"}'
    sent = api.call("/orders?kind=gift", "POST", data=order, headers={"Content-Type": "application/json"})
    [message] = kit.received(queue)
    assert (sent.status_code, sent.json()) == (200, {"id": message["MessageId"]})
    assert message["Body"] == order
    assert message["MessageAttributes"]["kind"]["StringValue"] == "gift"
    assert api.call("/orders", "POST", data="x", headers={"Content-Type": "text/csv"}).status_code == 415

    assert api.call("/json", "POST", json={"lamp": "b"}).status_code == 202
    assert kit.records(queue) == [{"lamp": "b"}]
    broken = api.call("/json", "POST", json={"lamp": "Aki's"})  # escapeJavaScript writes \\', which is no JSON
    assert (broken.status_code, broken.json()) == (400, {"why": ""})
    kit.client("sqs").delete_queue(QueueUrl=queue.url)
    assert api.told("/json", "POST", json={}) == (400, {"why": "The specified queue does not exist."})
    assert api.told("/orders", "POST", json={}) == (404, {"why": "AWS.SimpleQueueService.NonExistentQueue"})


def test_an_api_starts_a_state_machine_by_itself(aws: Any, kit: Any) -> None:
    api, role, states = Api(aws), kit.make_role("api"), kit.client("stepfunctions")
    definition = {"StartAt": "Pay", "States": {"Pay": {"Type": "Pass", "End": True}}}
    machine = states.create_state_machine(name="pay", roleArn=role, definition=json.dumps(definition))
    escaped = "$util.escapeJavaScript($input.json('$'))"
    names = api.method("/payments", "POST")
    template = f'{{"stateMachineArn": "{machine["stateMachineArn"]}", "input": "{escaped}"}}'
    api.service(names, "states", "action/StartExecution", role, template)
    api.answer(names, "202", {"application/json": '{"execution": $input.json("$.executionArn")}'})
    api.deploy()
    order = {"lamp": 'path/1 "é"', "parts": ["a", 2, None]}
    started = api.call("/payments", "POST", json=order)
    assert started.status_code == 202
    execution = states.describe_execution(executionArn=started.json()["execution"])
    assert json.loads(execution["input"]) == order


def test_a_function_behind_mapping_templates(aws: Any, kit: Any) -> None:
    arn = kit.deploy("payment", PAYMENT)
    api = Api(aws)
    names = api.method("/pay", "POST", requestParameters={"method.request.querystring.by": True})
    template = (
        '#set($order = $input.path("$.order"))\n'
        '{"amount": #if($order.free == true)0#{else}$order.amount#end, "by": "$input.params("by")"}'
    )
    given = {"type": "AWS", "integrationHttpMethod": "POST", "uri": function_uri(arn)}
    api.gateway.put_integration(**names, **given, requestTemplates={"application/json": template})
    done = '#set($context.responseOverride.header.X-Paid = "$input.path(\'$.paid\')"){"all": $input.json("$")}'
    api.answer(names, "200", {"application/json": done})
    api.answer(
        names,
        "400",
        {"application/json": '{"why": "$input.path("$.errorMessage")"}'},
        pattern="BadRequest.*",
        X_Why="integration.response.body.errorType",
    )
    names = api.method("/later", "POST")
    asynchronous = {"integration.request.header.X-Amz-Invocation-Type": "'Event'"}
    api.gateway.put_integration(**names, **given, requestParameters=asynchronous)
    api.answer(names, "202")
    api.deploy()

    paid = api.call("/pay?by=card", "POST", json={"order": {"amount": 30}})
    assert (paid.status_code, paid.json()) == (200, {"all": {"paid": 30, "by": "card"}})
    assert paid.headers["X-Paid"] == "30"
    nothing = api.call("/pay?by=card", "POST", json={"order": {"free": True}})
    assert (nothing.status_code, nothing.json()) == (400, {"why": "BadRequest: nothing to pay"})
    assert nothing.headers["X-Why"] == "ValueError"
    assert api.call("/later", "POST", json={"amount": 1}).status_code == 202


def test_servers_on_this_machine_and_no_others(aws: Any, kit: Any, shop: str) -> None:
    api = Api(aws)
    path = {"method.request.path.proxy": True}
    names = api.method("/shop/{proxy+}", "ANY", requestParameters=path)
    passed = {
        "integration.request.path.proxy": "method.request.path.proxy",
        "integration.request.header.X-Stage": "context.stage",
    }
    put = api.gateway.put_integration
    put(**names, type="HTTP_PROXY", integrationHttpMethod="ANY", uri=f"{shop}/v1/{{proxy}}", requestParameters=passed)
    names = api.method("/http", "GET")
    template = {"application/json": '{"a": 1}'}
    where = f"{shop}/${{stageVariables.where}}"
    put(**names, type="HTTP", integrationHttpMethod="POST", uri=where, requestTemplates=template)
    api.answer(names, "200", X_Shop="integration.response.header.X-Shop")
    api.answer(names, "400", {"application/json": '{"no": $input.json("$.path")}'}, pattern="4\\d{2}")
    names = api.method("/closed", "GET")
    put(**names, type="HTTP_PROXY", integrationHttpMethod="GET", uri="http://127.0.0.1:1/")
    names = api.method("/outside", "GET")
    put(**names, type="HTTP_PROXY", integrationHttpMethod="GET", uri="http://${stageVariables.host}/")
    api.deploy(variables={"where": "lamps", "host": "example.com"})

    passed_on = api.call("/shop/lamps/a%2Fb?x=1&x=2", "POST", data="hello")
    assert passed_on.json() == {"path": "/v1/lamps/a%2Fb?x=1&x=2", "stage": "prod", "body": "hello"}
    assert passed_on.headers["X-Shop"] == "hikari"
    assert api.call("/shop/tea").status_code == 418
    mapped = api.call("/http")
    assert (mapped.json()["body"], mapped.headers["X-Shop"]) == ('{"a": 1}', "hikari")
    api.patch_stage(("/variables/where", "tea"))
    assert (api.call("/http").status_code, api.call("/http").json()) == (400, {"no": "/tea"})
    assert api.told("/closed") == (504, {"message": "Network error communicating with endpoint"})
    outside = api.call("/outside")
    assert outside.status_code == 500
    assert "can't reach http://example.com/" in outside.json()["message"]

    names = api.method("/example", "GET")
    far = kit.refused(lambda: put(**names, type="HTTP_PROXY", integrationHttpMethod="GET", uri="https://example.com/"))
    assert far.code == "NotImplementedException"
    twofold = "http://example.com\\@127.0.0.1/"  # urllib3 would connect to example.com
    far = kit.refused(lambda: put(**names, type="HTTP_PROXY", integrationHttpMethod="GET", uri=twofold))
    assert far.code == "NotImplementedException"
    api.patch_stage(("/variables/host", "example.com\\@127.0.0.1"))
    assert "only to this machine" in api.call("/outside").json()["message"]


def test_cors_as_people_write_it(aws: Any, kit: Any) -> None:
    arn = kit.deploy("echo", ECHO)
    api = Api(aws)
    api.function("/orders", arn)
    allowed = {
        "Access_Control_Allow_Origin": "'https://hikari.example'",
        "Access_Control_Allow_Methods": "'GET,OPTIONS'",
        "Access_Control_Allow_Headers": "'Content-Type,X-Api-Key'",
    }
    api.mock("/orders", "OPTIONS", status=204, **allowed)
    api.deploy()
    names = api.method("/lamps", "OPTIONS")
    lenient = {"application/json": "{statusCode: 202,}"}
    api.gateway.put_integration(**names, type="MOCK", requestTemplates=lenient)
    api.answer(names, "202", pattern="2\\d{2}")
    api.deploy()
    assert api.call("/lamps", "OPTIONS").status_code == 202
    asked = {"Origin": "https://hikari.example", "Access-Control-Request-Method": "GET"}
    preflight = api.call("/orders", "OPTIONS", headers=asked)
    assert (preflight.status_code, preflight.content) == (204, b"")
    for name, value in allowed.items():
        assert preflight.headers[name.replace("_", "-")] == value.strip("'")
