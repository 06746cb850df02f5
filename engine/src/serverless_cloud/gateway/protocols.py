"""One operation of a service: reads its parameters out of a request, calls the provider, and writes the answer.

All follows botocore's model. moto's parsers and serializers do the work for each protocol.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from http.client import responses
from typing import Any

from botocore import xform_name
from moto.core.model import OperationModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.serialize import SerializationContext, get_serializer_class
from moto.core.utils import get_service_model

from serverless_cloud.core import constraints
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.service import Caller, ServiceError
from serverless_cloud.iam import answers
from serverless_cloud.iam.answers import Answer
from serverless_cloud.services import model_rules

#: Only what is missing. Providers check values, since each service has its own words for them.
_MISSING = constraints.Dialect(order=())
#: Names in XML that the API reference shows and the model lacks.
_XML_NAMES = {"Results": "Result"}


@dataclass(frozen=True)
class Request:
    """A request as an operation reads it.

    Args:
        protocol: "json" or "query".
        path: the address of a queue stands for its QueueUrl.
        body: of a request in JSON.
        values: of a query.
    """

    protocol: str
    path: str
    body: bytes = b""
    values: Mapping[str, str] = field(default_factory=dict)


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
        self._shape = self._model.input_shape
        self._names = {member: xform_name(member) for member in self._shape.members} if name else {}
        required = self._shape.required_members if name else ()
        self._lists = [member for member in required if self._shape.members[member].type_name == "list"]
        if (result := self._model.output_shape) is not None and result.name.endswith("Result"):
            result.serialization.setdefault("resultWrapper", result.name)
            for member in _XML_NAMES.keys() & result.members:
                result.members[member].serialization["locationNameForQueryCompatibility"] = _XML_NAMES[member]

    def call(self, provider: object, at: Caller, request: Request) -> Answer:
        """Calls the provider's method.

        Raises:
            NotImplementedError: the provider doesn't have it.
        """
        if (method := getattr(provider, self._method, None)) is None:
            raise NotImplementedError(self._method)
        result: object
        try:
            parameters = self._parameters(request)
        except ServiceError as error:
            return self.answer(request.protocol, error)
        except ValueError as error:
            code = "SerializationException" if request.protocol == "json" else "InvalidParameterValue"
            return answers.failed(code, "400 Bad Request", str(error), self._service, request.protocol)
        try:
            result = method(at, **parameters)
        except ServiceError as error:
            result = error
        return self.answer(request.protocol, result)

    def _parameters(self, request: Request) -> JsonObject:
        """The arguments of the method. Raises: ServiceError: one is missing; ValueError: AWS can't read the request."""
        if request.protocol == "json" and (
            problem := model_rules.serialization_problem(self._shape, _json(request.body))
        ):
            raise ValueError(problem)
        parser = PROTOCOL_PARSERS[request.protocol](self._model)
        whole: Any = {"body": request.body, "values": request.values}  # what these two protocols need of it
        parameters = parser.parse(whole)
        if request.path.strip("/") and "QueueUrl" in self._names:
            parameters.setdefault("QueueUrl", request.path)
        for name in self._lists if request.protocol == "query" else ():  # a query can't say that a list is empty
            parameters.setdefault(name, [])
        if problems := constraints.violations(_MISSING, self._shape, parameters):
            name = problems[0].split("'")[1]  # "queueUrl", or "entries.1.member.id"
            text = f"The request must contain the parameter {name[:1].upper()}{name[1:]}."
            raise ServiceError("MissingParameter", text)
        return {self._names[name]: value for name, value in parameters.items()}

    def answer(self, protocol: str, result: object) -> Answer:
        """The provider's result or error, as the client reads it."""
        request_id = str(uuid.uuid4())
        serializer = get_serializer_class(self._service, protocol)
        answer = serializer(self._model, SerializationContext(request_id)).serialize(result)
        status = f"{answer['status_code']} {responses[answer['status_code']]}"
        body = answer["body"].encode() if isinstance(answer["body"], str) else answer["body"]
        return Answer(status, [*answer["headers"].items(), ("x-amzn-RequestId", request_id)], body)


operation = cache(Operation)


def _json(body: bytes) -> object:
    try:
        return json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:  # RecursionError: it is nested too deeply
        raise ValueError(f"The request body can't be read: {error}") from error
