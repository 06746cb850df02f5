"""One operation of a service: reads its parameters out of a request, calls the provider, and writes the answer.

All follows botocore's model. moto's parsers and serializers do the work for each protocol.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from functools import cache
from http.client import responses
from typing import Any

from botocore import xform_name
from moto.core.model import OperationModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.serialize import SerializationContext, get_serializer_class
from moto.core.utils import get_service_model

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.refusals import NotHonoured
from serverless_cloud.core.service import Caller, Provider, Request, ServiceError
from serverless_cloud.iam import answers
from serverless_cloud.iam.answers import Answer
from serverless_cloud.services import model_rules

#: Names in XML that the API reference shows and the model lacks.
_XML_NAMES = {"Results": "Result"}


class Operation:
    """An operation as botocore's model describes it. Without a name: one that AWS doesn't have, which only fails.

    Args:
        service: botocore's name, "sqs".
        name: "SendMessage".

    Raises:
        OperationNotFoundError: AWS doesn't have it.
    """

    def __init__(self, service: str, name: str = "") -> None:
        model = get_service_model(service)
        self._service, self._method = service, xform_name(name)
        self._model = model.operation_model(name) if name else OperationModel({}, model)
        self._shape: Any = self._model.input_shape if name else None
        members = self._shape.members if self._shape is not None else {}
        self._names = {member: xform_name(member) for member in members}
        required = self._shape.required_members if self._shape is not None else ()
        self._lists = [member for member in required if members[member].type_name == "list"]
        if (result := self._model.output_shape) is not None and result.name.endswith("Result"):
            result.serialization.setdefault("resultWrapper", result.name)
            for member in _XML_NAMES.keys() & result.members:
                result.members[member].serialization["locationNameForQueryCompatibility"] = _XML_NAMES[member]

    def method(self, provider: Provider) -> Callable[..., object] | None:
        """The provider's method for the operation; None if the provider doesn't have it."""
        method: Callable[..., object] | None = getattr(provider, self._method, None)
        return method

    def call(self, provider: Provider, at: Caller, request: Request) -> Answer:
        """Calls the provider's method.

        Raises:
            NotImplementedError: the provider doesn't have it.
        """
        if (method := self.method(provider)) is None:
            raise NotImplementedError(self._method)
        result: object
        try:
            parameters = self._parameters(request)
            if self._shape is not None:
                provider.check(request, self._shape, parameters)
            result = method(at, **{self._names[name]: value for name, value in parameters.items()})
        except ServiceError as error:
            result = error
        except NotHonoured as error:
            result = ServiceError(error.error_type, error.message)
        except _Unreadable as error:
            code = provider.invalid if request.protocol == "query" else "SerializationException"
            form = "rest" if request.protocol == "rest-json" else request.protocol
            return answers.failed(code, "400 Bad Request", str(error), self._service, form)
        return self.answer(request.protocol, result)

    def _parameters(self, request: Request) -> JsonObject:
        """The arguments of the method, by the names of the model. Raises: _Unreadable: AWS can't read the request."""
        if request.protocol != "query" and (
            problem := model_rules.serialization_problem(self._shape, _json(request.body))
        ):
            raise _Unreadable(problem)
        parser = PROTOCOL_PARSERS[request.protocol](self._model)
        whole: Any = {"body": request.body, "values": request.values, "headers": request.headers}
        try:
            parameters = parser.parse(whole | {"url_params": request.labels})
        except ValueError as error:
            raise _Unreadable(f"Invalid value for a parameter: {error}") from error
        for name in self._lists if request.protocol == "query" else ():  # a query can't say that a list is empty
            parameters.setdefault(name, [])
        return parameters

    def answer(self, protocol: str, result: object) -> Answer:
        """The provider's result or error, as the client reads it."""
        request_id = str(uuid.uuid4())
        serializer = get_serializer_class(self._service, protocol)
        answer = serializer(self._model, SerializationContext(request_id)).serialize(result)
        status = f"{answer['status_code']} {responses[answer['status_code']]}"
        body = answer["body"].encode() if isinstance(answer["body"], str) else answer["body"]
        return Answer(status, [*answer["headers"].items(), ("x-amzn-RequestId", request_id)], body)


operation = cache(Operation)


class _Unreadable(Exception):
    """A request that AWS can't read as parameters of the operation."""


def _json(body: bytes) -> object:
    try:
        return json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:  # RecursionError: it is nested too deeply
        raise _Unreadable(f"The request body can't be read: {error}") from error
