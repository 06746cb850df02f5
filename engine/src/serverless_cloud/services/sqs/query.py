"""SQS's query protocol: calls in an address, actions that don't exist, and answers in JSON on request.

moto fails with status 500 on an action that it doesn't know, takes every action at the address of a queue, answers a
request without an action with an empty page, and has no JSON for queries.
"""

from __future__ import annotations

import uuid
from collections.abc import MutableMapping
from typing import Any
from xml.sax.saxutils import escape

from moto.core.common_types import TYPE_RESPONSE
from moto.core.model import Shape, StructureShape
from moto.core.serialize import ResponseDict, SqsQuerySerializer
from moto.core.utils import get_service_model
from moto.sqs.responses import SQSResponse

from serverless_cloud.core import current
from serverless_cloud.core.patches import Service
from serverless_cloud.http.rest.aws import as_json

patches = Service("sqs")

_UNKNOWN = "<UnknownOperationException/>"
#: They concern no queue, so the address of a queue doesn't take them.
_NOT_OF_A_QUEUE = frozenset({"CreateQueue", "ListQueues"})
_XMLNS = "http://queue.amazonaws.com/doc/2012-11-05/"


@patches.replaces(
    "moto.sqs.responses:SQSResponse._dispatch",
    defect="engine/tests/sqs/test_mapping_patches.py::test_stock_moto_still_has_the_defect[an_unknown_action_breaks_it]",
    upstream="SQS refuses actions that it doesn't have, and answers queries in JSON on request.",
)
def dispatch(response: SQSResponse, request: Any, full_url: str | None = None, headers: Any = None) -> TYPE_RESPONSE:
    if "X-Amz-Target" in request.headers:
        return dispatch.original(response, request, full_url, headers)
    if current.plane.permissions.enforced and not _is_signed(request):
        denied = _error("AccessDenied", f"Access to the resource {request.path} is denied.")
        return 403, {"Content-Type": "text/xml"}, denied
    action = request.values.get("Action", "")
    if not action:
        return 404, {"Content-Type": "text/xml"}, _UNKNOWN
    status: int
    told: dict[str, Any]
    body: Any
    if refusal := _refusal(request, action):
        status, told, body = 400, {"Content-Type": "text/xml"}, refusal
    else:
        status, told, body = dispatch.original(response, request, full_url, headers)
    if "application/json" in request.headers.get("Accept", ""):
        body = as_json(body.encode() if isinstance(body, str) else body)
        told = {name: value for name, value in told.items() if name.lower() != "content-type"}
        told["Content-Type"] = "application/json"
    return status, told, body


@patches.replaces(
    "moto.core.serialize:SqsQuerySerializer._serialized_result_to_response",
    defect="engine/tests/sqs/test_mapping_patches.py::test_stock_moto_still_has_the_defect[an_unknown_action_breaks_it]",
    upstream="The results of redrive have the names in XML that SQS gives them.",
)
def serialized_result_to_response(
    serializer: SqsQuerySerializer,
    resp: ResponseDict,
    result: Any,
    shape: StructureShape | None,
    serialized_result: MutableMapping[str, Any],
) -> ResponseDict:
    if shape is not None and shape.name.endswith("Result"):
        shape.serialization.setdefault("resultWrapper", shape.name)
    return serialized_result_to_response.original(serializer, resp, result, shape, serialized_result)


@patches.replaces(
    "moto.core.serialize:SqsQuerySerializer.get_serialized_name",
    defect="engine/tests/sqs/test_mapping_patches.py::test_stock_moto_still_has_the_defect[an_unknown_action_breaks_it]",
    upstream="A task of ListMessageMoveTasks has the name Result in XML, as the API reference shows.",
)
def get_serialized_name(serializer: SqsQuerySerializer, shape: Shape, default_name: str) -> str:
    name = get_serialized_name.original(serializer, shape, default_name)
    return "Result" if name == "Results" else name


def _refusal(request: Any, action: str) -> str:
    """The answer to a query that can't be answered at its address; "" to any other."""
    model, at_queue = get_service_model("sqs"), bool(request.path.strip("/"))
    if action not in model.operation_names or (action in _NOT_OF_A_QUEUE and at_queue):
        return _error("InvalidAction", f"The action {action} is not valid for this endpoint.")
    shape = model.operation_model(action).input_shape
    for name in shape.required_members if isinstance(shape, StructureShape) else ():
        is_there = request.values.get(name) or (name == "QueueUrl" and at_queue)
        if shape.members[name].type_name == "string" and not is_there:
            return _error("MissingParameter", f"The request must contain the parameter {name}.")
    return ""


def _is_signed(request: Any) -> bool:
    """Whether somebody has signed a query, so that the gate of permissions has judged it."""
    return "Authorization" in request.headers or "X-Amz-Credential" in request.args


def _error(code: str, text: str) -> str:
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(text)}</Message><Detail/></Error>"
    return f'<ErrorResponse xmlns="{_XMLNS}">{error}<RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>'
