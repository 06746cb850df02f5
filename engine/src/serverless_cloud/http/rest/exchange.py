"""One request to a REST API on its way, with the facts about it so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from serverless_cloud.http import proxy_events
from serverless_cloud.http.proxy_events import Arrival
from serverless_cloud.http.request import Request
from serverless_cloud.http.rest.gateway_responses import GatewayError
from serverless_cloud.http.rest.model import Json, Resource, Stage
from serverless_cloud.http.velocity import Rendered, TemplateFailed, render

PARTITION = "aws"


@dataclass
class Exchange:
    """A request that has found its method.

    Args:
        stage: whose deployment answers.
        resource, method_key, method: what it is for; `method_key` is "GET" or "ANY".
        arrival: the same for proxy events.
    """

    request: Request
    stage: Stage
    resource: Resource
    method_key: str
    method: Json
    arrival: Arrival
    request_override: Mapping[str, Any] = field(default_factory=dict)
    response_override: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.is_binary = self.stage.deployment.is_binary(self.request.header("content-type"))
        self.refresh()

    def refresh(self) -> None:
        """Works out the proxy event again, after the arrival has changed."""
        self.event: dict[str, Any] = proxy_events.rest_event(self.request, self.arrival, self.is_binary)
        self.context: dict[str, Any] = self.event["requestContext"]

    @property
    def integration(self) -> Json:
        """As GetIntegration answers.

        Raises:
            GatewayError: the method has none.
        """
        integration = self.method.get("methodIntegration")
        if not integration:
            raise GatewayError("API_CONFIGURATION_ERROR", reason="No integration defined for method")
        return integration  # type: ignore[no-any-return]

    @property
    def method_arn(self) -> str:
        """The ARN of the caller's method: arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/GET/orders/{id}."""
        return f"{self.api_arn}/{self.stage.name}/{self.method_key.replace('ANY', '*')}{self.resource.path}"

    @property
    def request_arn(self) -> str:
        """The same with the request's own method and path, for authorizers."""
        return f"{self.api_arn}/{self.stage.name}/{self.request.method}{self.arrival.path}"

    @property
    def api_arn(self) -> str:
        """arn:aws:execute-api:REGION:ACCOUNT:API."""
        return f"arn:{PARTITION}:execute-api:{self.stage.region}:{self.stage.account_id}:{self.stage.api_id}"

    @property
    def parameters(self) -> dict[str, dict[str, str]]:
        """The request's parameters, the last value of each: by "path", "querystring", "header"."""
        return {
            "path": dict(self.event["pathParameters"] or {}),
            "querystring": dict(self.event["queryStringParameters"] or {}),
            "header": dict(self.event["headers"]),
        }

    @property
    def text(self) -> str:
        """The body as text."""
        return self.request.body.decode("utf-8", "replace")

    def render(self, template: str, body: str) -> Rendered:
        """Evaluates a mapping template, and keeps its overrides.

        Raises:
            GatewayError: it cannot be worked out.
        """
        try:
            rendered = render(
                template,
                body=body,
                params=self.parameters,
                context=self.context,
                stage_variables=self.stage.variables,
                request_override=self.request_override,
                response_override=self.response_override,
            )
        except TemplateFailed as error:
            raise GatewayError("API_CONFIGURATION_ERROR", reason=f"Unable to transform: {error}") from error
        self.request_override, self.response_override = rendered.request_override, rendered.response_override
        return rendered
