"""`apigateway:invoke` reaches the APIs of this cloud.

moto calls an address of LocalStack, drops all parameters but two, and cannot report an error (TypeError).

Rules: Step Functions Developer Guide, "Call API Gateway": the names of the parameters, the result, error names such as
ApiGateway.404 [the cause is recalled, not verified].
"""

from __future__ import annotations

import http.client
import json
from urllib.parse import quote, urlencode, urlsplit

from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent
from moto.stepfunctions.parser.asl.component.state.exec.state_task.credentials import StateCredentials
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceRuntimePart
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_api_gateway import (
    StateTaskServiceApiGateway,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (
    StateTaskServiceCallback,
)

from serverless_cloud.core import current
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.errors import CloudError
from serverless_cloud.http.front import local_url
from serverless_cloud.plane import DataPlane
from serverless_cloud.services.states import task_calls as states_task_calls
from serverless_cloud.services.states.frame import Frame
from serverless_cloud.services.states.history import task_failure
from serverless_cloud.workflows import integrations, shapes

patches = Service("states")

_WITH_BODY = ("PATCH", "POST", "PUT")
_METHODS = (*_WITH_BODY, "GET", "DELETE", "HEAD", "OPTIONS")


class _Refused(Exception):
    """The API answered with an error, or there is none. Args: status, body."""

    def __init__(self, status: int | str, body: str) -> None:
        super().__init__(body)
        self.status, self.body = status, body


_KIND = (
    "moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_api_gateway:"
    "StateTaskServiceApiGateway"
)


@patches.replaces(
    f"{_KIND}._eval_service_task", expects="self, env, resource_runtime_part, normalised_parameters, task_credentials"
)
def evaluate(
    _: StateTaskServiceApiGateway,
    env: Frame,
    resource_runtime_part: ResourceRuntimePart,
    normalised_parameters: JsonObject,
    state_credentials: StateCredentials,
) -> None:
    """Calls an API, and puts its answer on the stack."""
    del resource_runtime_part, state_credentials
    if problems := _problems(normalised_parameters):
        raise states_task_calls.unfit(env, normalised_parameters, problems)
    env.stack.append(_call(current.plane, normalised_parameters))


@patches.replaces(f"{_KIND}._from_error", expects="self, env, ex")
def _from_error(task: StateTaskServiceApiGateway, env: Frame, ex: Exception) -> FailureEvent:
    if not isinstance(ex, _Refused):
        return StateTaskServiceCallback._from_error(task, env=env, ex=ex)
    return task_failure(task, env, f"ApiGateway.{ex.status}", ex.body)


def _problems(given: JsonObject) -> list[str]:
    known = integrations.PARAMETERS["apigateway", "invoke"]
    problems = [f'The field "{name}" is not supported by Step Functions' for name in given if name not in known]
    problems += [f"The field '{n}' is required but was missing" for n in ("ApiEndpoint", "Method") if n not in given]
    if "Method" in given and given["Method"] not in _METHODS:
        problems.append("The value of the field 'Method' has an invalid format")
    if "RequestBody" in given and given.get("Method") not in _WITH_BODY:
        problems.append("The field 'RequestBody' is not supported for this method")
    if given.get("AuthType", "NO_AUTH") != "NO_AUTH":
        problems.append(f"The local cloud doesn't support AuthType {given['AuthType']}. Give NO_AUTH")
    if not isinstance(given.get("QueryParameters", {}), dict):
        problems.append("The value of the field 'QueryParameters' has an invalid format")
    return problems


def _call(plane: DataPlane, given: JsonObject) -> JsonObject:
    path = "/".join(quote(str(given[n]).strip("/"), safe="/") for n in ("Stage", "Path") if given.get(n))
    query = urlencode(given.get("QueryParameters") or {}, doseq=True)
    try:
        url = urlsplit(
            local_url(plane.doors, f"https://{given['ApiEndpoint']}/{path}" + (f"?{query}" if query else ""))
        )
    except CloudError as error:
        raise _Refused("SdkClientException", str(error)) from error
    headers = {"Accept": "application/json"} | {
        str(name): ",".join(value) if isinstance(value, list) else str(value)
        for name, value in (given.get("Headers") or {}).items()
    }
    body = None
    if "RequestBody" in given:
        headers.setdefault("Content-Type", "application/json")
        body = shapes.compact(given["RequestBody"]).encode()
    connection = http.client.HTTPConnection(url.hostname or "", url.port)
    try:
        connection.request(given["Method"], url.path + (f"?{url.query}" if url.query else ""), body, headers)
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
    except OSError as error:
        raise _Refused("SdkClientException", str(error)) from error
    finally:
        connection.close()
    if answer.status >= 400:
        raise _Refused(answer.status, text)
    try:
        content = json.loads(text) if text else {}
    except ValueError:
        content = text
    shown: dict[str, list[str]] = {}
    for name, value in answer.getheaders():
        shown.setdefault(name, []).append(value)
    return {"Headers": shown, "ResponseBody": content, "StatusCode": answer.status, "StatusText": answer.reason}
