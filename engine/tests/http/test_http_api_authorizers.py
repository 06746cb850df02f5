"""Authorisers of HTTP APIs: JSON web tokens, functions, signatures."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from joserfc import jwt
from joserfc.jwk import RSAKey

from kits import cloud_kit
from kits.http_kit import ECHO, integrate, make_api, send

UNAUTHORIZED, FORBIDDEN = (401, {"message": "Unauthorized"}), (403, {"message": "Forbidden"})


def _answer(address: str, target: str = "/", *headers: tuple[str, str]) -> tuple[int, Any]:
    got = send(address, target, headers=headers)
    return got.status, got.json


class Issuer:
    """An OpenID provider on this machine: its keys, and tokens that it signs."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "first"})
        self.server = cloud_kit.serve(self.page)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def page(self, request: Any, _: bytes) -> tuple[int, dict[str, str], bytes]:
        """Its configuration, or its keys."""
        keys = {"keys": [self.key.as_dict(private=False)]}
        found = {"issuer": self.url, "jwks_uri": f"{self.url}/keys"} if "known" in request.path else keys
        return 200, {}, json.dumps(found).encode()

    def token(self, key: RSAKey | None = None, **claims: Any) -> str:
        """A token that is good for a minute; claims may be left out by None."""
        now_s = int(time.time())
        given = {"iss": self.url, "aud": "shop", "iat": now_s, "exp": now_s + 60, "sub": "ada"} | claims
        kept = {name: value for name, value in given.items() if value is not None}
        return jwt.encode({"alg": "RS256", "kid": "first"}, kept, key or self.key)


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    """An OpenID provider of the test."""
    made = Issuer()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_a_jwt_authorizer_checks_what_aws_checks(kit: Any, issuer: Issuer) -> None:
    api = kit.client("apigatewayv2")
    api_id, address = make_api(arn := kit.deploy("echo", ECHO))
    settings = {"AuthorizerType": "JWT", "IdentitySource": ["$request.header.Authorization"], "Name": "ada"}
    made = api.create_authorizer(
        ApiId=api_id, JwtConfiguration={"Issuer": issuer.url, "Audience": ["shop", "other"]}, **settings
    )
    assert [each["AuthorizerId"] for each in api.get_authorizers(ApiId=api_id)["Items"]] == [made["AuthorizerId"]]
    target, old = integrate(api_id, arn), integrate(api_id, arn, "1.0")
    rule = {"ApiId": api_id, "AuthorizationType": "JWT", "AuthorizerId": made["AuthorizerId"]}
    api.create_route(**rule, RouteKey="GET /", Target=target)
    api.create_route(**rule, RouteKey="GET /old", Target=old)
    api.create_route(**rule, RouteKey="GET /scoped", Target=target, AuthorizationScopes=["orders/read", "orders/write"])

    def ask(token: str, path: str = "/") -> tuple[int, Any]:
        return _answer(address, path, ("Authorization", token))

    good = issuer.token(roles=["a", "b"], age=7)
    status, event = ask(f"Bearer {good}")
    assert status == 200
    found = event["requestContext"]["authorizer"]["jwt"]
    assert found["scopes"] is None
    assert found["claims"] | {"iat": "", "exp": ""} == {
        "iss": issuer.url, "aud": "shop", "sub": "ada", "roles": "[a b]", "age": "7", "iat": "", "exp": "",
    }  # fmt: skip
    assert ask(good)[0] == 200  # "Bearer" may be left out
    assert ask(good, "/old")[1]["requestContext"]["authorizer"]["claims"]["sub"] == "ada"
    assert ask(issuer.token(aud=None, client_id="other"))[0] == 200
    scoped = issuer.token(scope="orders/read openid")
    assert ask(scoped, "/scoped")[1]["requestContext"]["authorizer"]["jwt"]["scopes"] == ["orders/read", "openid"]
    assert ask(good, "/scoped") == FORBIDDEN
    now_s = int(time.time())
    bad = [
        issuer.token(exp=now_s - 1),
        issuer.token(exp=None),
        issuer.token(nbf=now_s + 60),
        issuer.token(iss="http://127.0.0.1:1"),
        issuer.token(aud="elsewhere"),
        issuer.token(aud="elsewhere", client_id="shop"),  # aud counts, if there is one
        issuer.token(RSAKey.generate_key(2048, {"kid": "first"})),
        "lamp",
        good + "A",
        "",
    ]
    for token in bad:
        assert ask(token) == UNAUTHORIZED
    assert _answer(address) == UNAUTHORIZED
    assert send(address).header("WWW-Authenticate") == "Bearer"
    why = send(address, headers=[("Authorization", bad[4])]).header("WWW-Authenticate")
    assert why == 'Bearer scope="" error="invalid_token" error_description="the token does not have a valid audience"'
    refused = kit.refused(
        lambda: api.create_authorizer(
            ApiId=api_id, JwtConfiguration={"Issuer": "https://login.example", "Audience": ["shop"]}, **settings
        )
    )
    assert refused.code == "BadRequestException"
    assert "not on this machine" in refused.message
    kit.refused(lambda: api.delete_authorizer(ApiId=api_id, AuthorizerId=made["AuthorizerId"]), "ConflictException")


def test_tokens_of_a_user_pool_are_good(kit: Any) -> None:
    api, pools = kit.client("apigatewayv2"), kit.client("cognito-idp")
    pool = pools.create_user_pool(PoolName="customers")["UserPool"]["Id"]
    app = pools.create_user_pool_client(UserPoolId=pool, ClientName="shop", ExplicitAuthFlows=["ADMIN_NO_SRP_AUTH"])
    client_id = app["UserPoolClient"]["ClientId"]
    pools.admin_create_user(UserPoolId=pool, Username="ada", TemporaryPassword="Lamp-2026")
    pools.admin_set_user_password(UserPoolId=pool, Username="ada", Password="Lamp-2027", Permanent=True)
    tokens = pools.admin_initiate_auth(
        UserPoolId=pool,
        ClientId=client_id,
        AuthFlow="ADMIN_NO_SRP_AUTH",
        AuthParameters={"USERNAME": "ada", "PASSWORD": "Lamp-2027"},
    )["AuthenticationResult"]
    api_id, address = make_api(arn := kit.deploy("echo", ECHO))
    issuer = f"https://cognito-idp.us-east-1.amazonaws.com/{pool}"
    made = api.create_authorizer(
        ApiId=api_id,
        AuthorizerType="JWT",
        Name="customers",
        IdentitySource=["$request.header.Authorization"],
        JwtConfiguration={"Issuer": issuer, "Audience": [client_id]},
    )["AuthorizerId"]
    rule = {"AuthorizationType": "JWT", "AuthorizerId": made}
    api.create_route(ApiId=api_id, RouteKey="GET /", Target=integrate(api_id, arn), **rule)
    for kind in ("IdToken", "AccessToken"):
        status, event = _answer(address, "/", ("Authorization", f"Bearer {tokens[kind]}"))
        assert status == 200
        assert event["requestContext"]["authorizer"]["jwt"]["claims"]["iss"] == issuer
    pools.delete_user_pool(UserPoolId=pool)
    assert _answer(address, "/", ("Authorization", tokens["IdToken"])) == UNAUTHORIZED


AUTHORIZER = """
import json
calls = 0
def handler(event, context):
    global calls
    calls += 1
    kind = (event.get("headers") or {}).get("x-kind", "allow")
    if kind == "error":
        raise ValueError("no lamp")
    if kind == "unauthorized":
        raise Exception("Unauthorized")
    if kind == "simple":
        return {"isAuthorized": True, "context": {"calls": calls, "event": json.dumps(event)}}
    if kind == "malformed":
        return {"lamp": 1}
    effect = "Deny" if kind == "deny" else "Allow"
    arn = event.get("methodArn") or event["routeArn"]
    resource = arn.rsplit("/", 1)[0] + "/only" if kind == "only" else arn.split("/")[0] + "/*/GET/*"
    return {"principalId": "ada", "context": {"calls": calls, "event": json.dumps(event)}, "policyDocument": {
        "Version": "2012-10-17",
        "Statement": [{"Effect": effect, "Action": "execute-api:Invoke", "Resource": [resource]}]}}
"""


def test_a_lambda_authorizer_decides(kit: Any) -> None:
    api, arn = kit.client("apigatewayv2"), kit.deploy("authorizer", AUTHORIZER)
    api_id, address = make_api(echo := kit.deploy("echo", ECHO))
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"

    def guard(path: str, format: str, **settings: Any) -> str:
        made = api.create_authorizer(
            ApiId=api_id,
            AuthorizerType="REQUEST",
            AuthorizerUri=uri,
            Name=path,
            AuthorizerPayloadFormatVersion=format,
            **settings,
        )
        rule = {"AuthorizationType": "CUSTOM", "AuthorizerId": made["AuthorizerId"]}
        target = integrate(api_id, echo, format)
        api.create_route(ApiId=api_id, RouteKey=f"GET {path}", Target=target, **rule)
        return str(made["AuthorizerId"])

    source = {"IdentitySource": ["$request.header.authorization", "$request.querystring.shop"]}
    guard("/policy", "2.0", **source)
    guard("/simple", "2.0", EnableSimpleResponses=True, IdentitySource=[])
    guard("/old/{id}", "1.0", **source)
    kept = guard("/kept", "2.0", AuthorizerResultTtlInSeconds=3600, **source)
    who = ("Authorization", "lamp")

    status, event = _answer(address, "/policy?shop=1", who)
    assert status == 200
    context = event["requestContext"]["authorizer"]["lambda"]
    asked = json.loads(context["event"])
    assert (asked["type"], asked["version"], asked["identitySource"]) == ("REQUEST", "2.0", ["lamp", "1"])
    assert asked["routeArn"] == f"arn:aws:execute-api:us-east-1:123456789012:{api_id}/$default/GET/policy"
    assert {"routeKey", "rawPath", "headers", "queryStringParameters", "requestContext"} < set(asked)
    assert "body" not in asked
    event = _answer(address, "/old/7?shop=1", who)[1]
    found = event["requestContext"]["authorizer"]
    asked = json.loads(found["event"])
    assert (found["principalId"], found["calls"].isdigit()) == ("ada", True)  # strings, in format 1.0
    assert (asked["type"], asked["authorizationToken"], asked["identitySource"]) == ("REQUEST", "lamp,1", "lamp,1")
    assert (asked["resource"], asked["pathParameters"], asked["methodArn"][-10:]) == (
        "/old/{id}",
        {"id": "7"},
        "/GET/old/7",
    )

    assert _answer(address, "/policy", who) == UNAUTHORIZED  # an identity source is missing: nobody is asked
    assert _answer(address, "/policy?shop=1") == UNAUTHORIZED
    assert _answer(address, "/policy?shop=1", who, ("x-kind", "deny")) == FORBIDDEN
    assert _answer(address, "/policy?shop=1", who, ("x-kind", "only")) == FORBIDDEN
    assert _answer(address, "/policy?shop=1", who, ("x-kind", "unauthorized")) == UNAUTHORIZED
    for kind in ("error", "malformed"):
        assert _answer(address, "/policy?shop=1", who, ("x-kind", kind)) == (500, {"message": "Internal Server Error"})
    assert _answer(address, "/simple", ("x-kind", "simple"))[0] == 200
    assert _answer(address, "/simple", ("x-kind", "allow"))[0] == 500  # a policy is no simple answer

    def calls(shop: str) -> int:
        event = _answer(address, f"/kept?shop={shop}", who)[1]
        return int(event["requestContext"]["authorizer"]["lambda"]["calls"])

    first = calls("1")
    assert calls("1") == first  # kept under its identity sources
    assert _answer(address, "/kept?shop=1", who, ("x-kind", "deny"))[0] == 200
    assert calls("2") > first
    assert calls("1") == first
    api.reset_authorizers_cache(ApiId=api_id, StageName="$default")
    assert calls("1") > first
    api.update_authorizer(ApiId=api_id, AuthorizerId=kept, IdentitySource=["$request.header.nothing"])
    assert _answer(address, "/kept?shop=1", who) == UNAUTHORIZED


def test_a_route_with_aws_iam_needs_a_signature(kit: Any) -> None:
    api = kit.client("apigatewayv2")
    api_id, address = make_api(arn := kit.deploy("echo", ECHO))
    rule = {"AuthorizationType": "AWS_IAM"}
    api.create_route(ApiId=api_id, RouteKey="GET /{proxy+}", Target=integrate(api_id, arn), **rule)
    iam = boto3.client("iam")
    iam.create_user(UserName="ada")
    key = iam.create_access_key(UserName="ada")["AccessKey"]

    def signed(access_key: str, secret: str, path: str = "/a%20b?y=2&x=1%201") -> tuple[int, Any]:
        request = AWSRequest("GET", address + path)
        SigV4Auth(Credentials(access_key, secret), "execute-api", "us-east-1").add_auth(request)
        return _answer(address, path, *request.headers.items())

    status, event = signed(key["AccessKeyId"], key["SecretAccessKey"])
    assert status == 200
    found = event["requestContext"]["authorizer"]["iam"]
    assert (found["accessKey"], found["userArn"]) == (key["AccessKeyId"], "arn:aws:iam::123456789012:user/ada")
    assert signed("local", "local")[0] == 200
    assert signed(key["AccessKeyId"], "wrong") == FORBIDDEN
    assert signed("AKIAEXAMPLE", "wrong") == FORBIDDEN
    assert _answer(address, "/a") == FORBIDDEN
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    scope = f"X-Amz-Credential=local/{now[:8]}/us-east-1/execute-api/aws4_request&X-Amz-SignedHeaders=host"
    for wrong in ("X-Amz-Expires=soon&X-Amz-Signature=0", "X-Amz-Expires=60&X-Amz-Signature=%C3%A9"):
        presigned = f"?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date={now}&{scope}&{wrong}"
        assert send(address, f"/signed{presigned}").status == 403
