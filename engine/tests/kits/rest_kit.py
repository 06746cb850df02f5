"""REST APIs for tests: made with plain boto3, called over HTTP."""

from __future__ import annotations

import json
from typing import Any

import requests

from kits.cloud_kit import client

REGION = "us-east-1"


class Api:
    """A REST API under construction.

    Attributes:
        id: the API's.
        address: where it is reached on this machine, without a stage.
    """

    def __init__(self, aws: Any, name: str = "hikari", **settings: Any) -> None:
        self.gateway = client("apigateway")
        made = self.gateway.create_rest_api(name=name, **settings)
        self.id, self.root = made["id"], made["rootResourceId"]
        self.address = aws.local_url(f"https://{self.id}.execute-api.{REGION}.amazonaws.com")
        self._resources: dict[str, str] = {"/": self.root}

    def resource(self, path: str) -> str:
        """The id of the resource of this path; made, with what is above it, unless it is there."""
        if path not in self._resources:
            above, _, part = path.rpartition("/")
            made = self.gateway.create_resource(restApiId=self.id, parentId=self.resource(above or "/"), pathPart=part)
            self._resources[path] = made["id"]
        return self._resources[path]

    def method(self, path: str, method: str = "GET", **settings: Any) -> dict[str, Any]:
        """Puts a method; restApiId, resourceId and httpMethod for the calls that go on with it."""
        names = {"restApiId": self.id, "resourceId": self.resource(path), "httpMethod": method}
        self.gateway.put_method(**names, **({"authorizationType": "NONE"} | settings))
        return names

    def function(self, path: str, arn: str, method: str = "GET", **settings: Any) -> None:
        """A method whose integration is AWS_PROXY with a function; `settings` are put_integration's or put_method's."""
        of_method = ("authorizationType", "authorizerId", "authorizationScopes", "apiKeyRequired", "requestParameters",
                     "requestModels", "requestValidatorId")  # fmt: skip
        mine = {name: settings.pop(name) for name in list(settings) if name in of_method}
        names = self.method(path, method, **mine)
        given = {"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": function_uri(arn)}
        self.gateway.put_integration(**names, **(given | settings))

    def service(self, names: dict[str, Any], service: str, what: str, role: str, template: str, **more: Any) -> None:
        """Puts an integration of type AWS with a service: `service(names, "sqs", "action/SendMessage", ...)`."""
        given = {"type": "AWS", "integrationHttpMethod": "POST", "uri": service_uri(service, what)}
        templates = {"application/json": template}
        self.gateway.put_integration(**names, **given, credentials=role, requestTemplates=templates, **more)

    def mock(
        self, path: str, method: str = "GET", body: str = "", status: int = 200, *, settings: Any = None, **headers: str
    ) -> None:
        """A method that answers without a backend."""
        names = self.method(path, method, **(settings or {}))
        template = {"application/json": json.dumps({"statusCode": status})}
        self.gateway.put_integration(**names, type="MOCK", requestTemplates=template)
        self.answer(names, str(status), {"application/json": body} if body else {}, **headers)

    def answer(
        self, names: dict[str, Any], status: str, templates: Any = None, pattern: str | None = None, **headers: str
    ) -> None:
        """The method response and the integration response of a status; `headers` are mapped (Allow_Origin="'*'")."""
        mapped = {f"method.response.header.{name.replace('_', '-')}": value for name, value in headers.items()}
        self.gateway.put_method_response(**names, statusCode=status, responseParameters=dict.fromkeys(mapped, True))
        more = {"selectionPattern": pattern} if pattern is not None else {}
        self.gateway.put_integration_response(
            **names, statusCode=status, responseTemplates=templates or {}, responseParameters=mapped, **more
        )

    def deploy(self, stage: str = "prod", **settings: Any) -> str:
        """Deploys to a stage; the deployment's id."""
        return str(self.gateway.create_deployment(restApiId=self.id, stageName=stage, **settings)["id"])

    def patch_stage(self, *changes: tuple[str, str], stage: str = "prod") -> None:
        """Replaces settings of a stage: ("/*/*/caching/enabled", "true")."""
        operations = [{"op": "replace", "path": path, "value": value} for path, value in changes]
        self.gateway.update_stage(restApiId=self.id, stageName=stage, patchOperations=operations)

    def call(self, path: str, method: str = "GET", *, stage: str = "prod", **more: Any) -> requests.Response:
        """One request, without following redirects."""
        return requests.request(method, f"{self.address}/{stage}{path}", timeout=30, allow_redirects=False, **more)

    def told(self, path: str, method: str = "GET", **more: Any) -> tuple[int, Any]:
        """The status and the body, from JSON, of the answer to one request."""
        answer = self.call(path, method, **more)
        return answer.status_code, answer.json()


def function_uri(arn: str) -> str:
    """The URI of an integration or an authoriser with a function."""
    return f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"


def service_uri(service: str, what: str) -> str:
    """The URI of an integration with a service: service_uri("sqs", "path/123456789012/orders")."""
    return f"arn:aws:apigateway:{REGION}:{service}:{what}"
