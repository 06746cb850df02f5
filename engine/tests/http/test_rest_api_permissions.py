"""REST APIs with `enforce_iam`: who may call, and the roles of integrations and authorisers."""

from __future__ import annotations

import json
from typing import Any

import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from kits import fixtures
from kits.iam_kit import allow, policy, role_of
from kits.rest_kit import Api, function_uri, service_uri

INTERNAL = (500, {"message": "Internal server error"})

#: Answers with who has called.
WHO = """
import json
def handler(event, context):
    return {"statusCode": 200, "body": json.dumps(event["requestContext"]["identity"]["userArn"])}
"""

#: A REQUEST authoriser that lets everybody in.
OPEN = """
def handler(event, context):
    statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}
    return {"principalId": "aki", "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
"""

cloud_of_module = fixtures.cloud_of(enforce_iam=True)


def let_in(kit: Any, function: str, api: Api, what: str) -> None:
    """Lets an API call a function."""
    kit.permit(function, "apigateway", SourceArn=f"arn:aws:execute-api:us-east-1:123456789012:{api.id}/{what}")


def answer(response: requests.Response) -> tuple[int, Any]:
    """Status and body."""
    return response.status_code, response.json()


def test_a_function_must_let_the_api_in_and_a_signer_needs_a_policy(aws: Any, kit: Any) -> None:
    arn, iam, api = kit.deploy("who", WHO), kit.client("iam"), Api(aws)
    api.function("/orders/{id}", arn)
    api.function("/signed", arn, authorizationType="AWS_IAM")
    api.deploy()
    assert answer(api.call("/orders/7")) == INTERNAL
    let_in(kit, "who", api, "*/GET/*")
    assert api.call("/orders/7").status_code == 200

    iam.create_user(UserName="aki")
    key = iam.create_access_key(UserName="aki")["AccessKey"]

    def signed() -> tuple[int, Any]:
        request = AWSRequest("GET", f"{api.address}/prod/signed")
        SigV4Auth(Credentials(key["AccessKeyId"], key["SecretAccessKey"]), "execute-api", "us-east-1").add_auth(request)
        return answer(requests.get(str(request.url), headers=dict(request.headers), timeout=30))

    status, refused = signed()
    assert status == 403
    assert "is not authorized to perform: execute-api:Invoke on resource: " in refused["Message"]
    may_call = policy(("execute-api:Invoke", f"arn:aws:execute-api:*:*:{api.id}/prod/GET/signed"))
    iam.put_user_policy(UserName="aki", PolicyName="call", PolicyDocument=may_call)
    assert signed() == (200, "arn:aws:iam::123456789012:user/aki")


def test_an_integration_with_the_caller_s_credentials(aws: Any, kit: Any) -> None:
    arn, iam, api = kit.deploy("who", WHO), kit.client("iam"), Api(aws)
    api.function("/mine", arn, authorizationType="AWS_IAM")
    rest = kit.client("apigateway")
    (mine,) = [each for each in rest.get_resources(restApiId=api.id)["items"] if each["path"] == "/mine"]
    rest.put_integration(restApiId=api.id, resourceId=mine["id"], httpMethod="GET", type="AWS_PROXY",
                         integrationHttpMethod="POST", credentials="arn:aws:iam::*:user/*",
                         uri=function_uri(arn))  # fmt: skip
    api.deploy()
    iam.create_user(UserName="aki")
    key = iam.create_access_key(UserName="aki")["AccessKey"]

    def signed() -> tuple[int, Any]:
        request = AWSRequest("GET", f"{api.address}/prod/mine")
        SigV4Auth(Credentials(key["AccessKeyId"], key["SecretAccessKey"]), "execute-api", "us-east-1").add_auth(request)
        return answer(requests.get(str(request.url), headers=dict(request.headers), timeout=30))

    def let(*statements: tuple[str, str]) -> None:
        iam.put_user_policy(UserName="aki", PolicyName="call", PolicyDocument=policy(*statements))

    let(("execute-api:Invoke", "*"))
    assert signed() == INTERNAL
    let(("execute-api:Invoke", "*"), ("lambda:InvokeFunction", arn))
    assert signed() == (200, "arn:aws:iam::123456789012:user/aki")


def test_a_service_judges_the_role_of_an_integration(aws: Any, kit: Any) -> None:
    queue, api, lambdas_role = kit.make_queue("orders"), Api(aws), kit.make_role("lambdas")
    template = "Action=SendMessage&MessageBody=$util.urlEncode($input.body)"
    put = {"Item": {"id": {"S": "$input.path('$.lamp')"}}, "TableName": "lamps"}
    for path, uri, role, body in (
        ("/orders", service_uri("sqs", "path/123456789012/orders"), role_of("apigateway"), template),
        ("/untrusting", service_uri("sqs", "path/123456789012/orders"), lambdas_role, template),
        ("/lamps", service_uri("dynamodb", "action/PutItem"), role_of("apigateway"), json.dumps(put)),
    ):
        names = api.method(path, "POST")
        form = {"integration.request.header.Content-Type": "'application/x-www-form-urlencoded'"}
        api.gateway.put_integration(
            **names,
            type="AWS",
            integrationHttpMethod="POST",
            uri=uri,
            credentials=role,
            requestParameters=form if body is template else {},
            requestTemplates={"application/json": body},
        )
        api.answer(names, "200")
        api.answer(names, "403", pattern="403")
        api.answer(names, "400", pattern="400")
    api.deploy()

    lamp = {"lamp": "desk"}
    assert answer(api.call("/untrusting", "POST", json=lamp)) == INTERNAL  # API Gateway cannot assume it
    status, refused = answer(api.call("/orders", "POST", json=lamp))
    session = "arn:aws:sts::123456789012:assumed-role/hikari-apigateway/BackplaneAssumeRoleSession"
    assert (status, refused["Error"]["Code"], set(refused)) == (403, "AccessDenied", {"Error", "RequestId"})
    assert refused["Error"]["Message"].startswith(f"User: {session} is not authorized to perform: sqs:sendmessage on")
    status, refused = answer(api.call("/lamps", "POST", json=lamp))
    assert (status, refused["__type"].split("#")[-1]) == (400, "AccessDeniedException")

    allow(("sqs:SendMessage", queue.arn), role="hikari-apigateway")
    assert api.call("/orders", "POST", json=lamp).status_code == 200
    assert kit.records(queue) == [lamp]


def test_an_authorizer_is_called_in_its_role(aws: Any, kit: Any) -> None:
    who, decides, api = kit.deploy("who", WHO), kit.deploy("decides", OPEN), Api(aws)
    roles = {"role": role_of("apigateway"), "untrusting": kit.make_role("lambdas")}
    allow(("lambda:InvokeFunction", decides), role="lambdas")
    for name, credentials in (("policy", None), *roles.items()):
        given = {"authorizerCredentials": credentials} if credentials else {}
        authorizer = api.gateway.create_authorizer(
            restApiId=api.id,
            name=name,
            type="REQUEST",
            authorizerUri=function_uri(decides),
            identitySource="method.request.header.Authorization",
            authorizerResultTtlInSeconds=0,
            **given,
        )["id"]
        api.function(f"/{name}", who, authorizationType="CUSTOM", authorizerId=authorizer)
    api.deploy()
    let_in(kit, "who", api, "*")

    def status(path: str) -> int:
        return int(api.call(path, headers={"Authorization": "lamp"}).status_code)

    refused = api.call("/role", headers={"Authorization": "lamp"})
    assert answer(refused) == (500, {"message": None})
    assert refused.headers["x-amzn-ErrorType"] == "AuthorizerConfigurationException"
    assert [status("/policy"), status("/untrusting")] == [500, 500]
    allow(("lambda:InvokeFunction", decides), role="hikari-apigateway")
    let_in(kit, "decides", api, "authorizers/*")
    assert [status("/role"), status("/policy"), status("/untrusting")] == [200, 200, 500]
