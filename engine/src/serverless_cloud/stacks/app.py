"""CloudFormation as a WSGI application: in the place that moto's has elsewhere."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl

from botocore import xform_name

from serverless_cloud.core.clients import client
from serverless_cloud.stacks import cloud_control, query
from serverless_cloud.stacks.change_sets import ChangeSets
from serverless_cloud.stacks.errors import StackError
from serverless_cloud.stacks.operations import Operations
from serverless_cloud.stacks.store import Store

_REGION = re.compile(r"Credential=[^/]+/\d+/([a-z0-9-]+)/")


class StacksApp:
    """Answers the calls of CloudFormation."""

    def __init__(self, store: Store, account_id: str) -> None:
        operations = Operations(store, account_id)
        self._parts: tuple[Any, ...] = (operations, ChangeSets(store, operations, account_id))

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        if target.startswith(cloud_control.PREFIX):
            status, answer = cloud_control.answer(target.removeprefix(cloud_control.PREFIX), body, _region_of(environ))
            headers = [("Content-Type", "application/x-amz-json-1.0"), ("Content-Length", str(len(answer)))]
            start_response(status, headers)
            return [answer]
        form = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
        form |= dict(parse_qsl(body.decode(), keep_blank_values=True))
        request_id, status = str(uuid.uuid4()), "200 OK"
        try:
            answer = self._answer(form, _region_of(environ), request_id)
        except StackError as error:
            answer = query.error(error.code, error.message, request_id)
            status = f"{error.status} {'Not Found' if error.status == 404 else 'Bad Request'}"
        headers = [("Content-Type", "text/xml"), ("x-amzn-RequestId", request_id), ("Content-Length", str(len(answer)))]
        start_response(status, headers)
        return [answer]

    def _answer(self, form: dict[str, str], region: str, request_id: str) -> bytes:
        name = form.get("Action", "")
        model = client("cloudformation", "us-east-1").meta.service_model
        call = next((getattr(part, xform_name(name)) for part in self._parts if hasattr(part, xform_name(name))), None)
        if name not in model.operation_names or call is None:
            raise NotImplementedError(name)
        operation = model.operation_model(name)
        request = query.parse(operation.input_shape, form) if operation.input_shape else {}
        return query.answer(operation, call(request, region), request_id)


def _region_of(environ: dict[str, Any]) -> str:
    """The Region that a request is signed for."""
    signed = _REGION.search(environ.get("HTTP_AUTHORIZATION", ""))
    return signed[1] if signed else "us-east-1"
