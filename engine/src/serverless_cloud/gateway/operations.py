"""One operation of a service: reads its parameters out of a request, and writes its answer.

Both follow botocore's model. moto's parsers and serializers do the work for each protocol.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from functools import cache
from http.client import responses

from botocore import xform_name
from moto.core.model import OperationModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.serialize import SerializationContext, get_serializer_class
from moto.core.utils import get_service_model

from serverless_cloud.core import constraints
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.service import ServiceError
from serverless_cloud.iam.answers import Answer
from serverless_cloud.services import model_rules

#: Only what is missing. Providers check values, since each service has its own words for them.
_MISSING = constraints.Dialect(order=())

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
        self._model = model.operation_model(name) if name else OperationModel({}, model)
        self._shape = self._model.input_shape
        self._names = {member: xform_name(member) for member in self._shape.members} if name else {}
        self.method = xform_name(name)
        if (result := self._model.output_shape) is not None and result.name.endswith("Result"):
            result.serialization.setdefault("resultWrapper", result.name)
            for member in _XML_NAMES.keys() & result.members:
                result.members[member].serialization["locationNameForQueryCompatibility"] = _XML_NAMES[member]

    def parameters(self, protocol: str, body: bytes, values: Mapping[str, str], address: str) -> JsonObject:
        """The parameters of a request, as the arguments of the provider's method.

        Args:
            protocol: "json" or "query".
            body: of a request in JSON.
            values: of a query.
            address: the path of the request. The address of a queue stands for its QueueUrl.

        Raises:
            ServiceError: AWS can't read it, or the model forbids it.
        """
        try:
            if protocol == "json" and (
                problem := model_rules.serialization_problem(self._shape, json.loads(body or b"{}"))
            ):
                raise ServiceError("SerializationException", problem)
            parameters = PROTOCOL_PARSERS[protocol](self._model).parse({"body": body, "values": values})
        except (ValueError, RecursionError) as error:  # RecursionError: it is nested too deeply
            code = "SerializationException" if protocol == "json" else "InvalidParameterValue"
            raise ServiceError(code, f"The request can't be read: {error}") from error
        if address.strip("/") and "QueueUrl" in self._names:
            parameters.setdefault("QueueUrl", address)
        if problems := constraints.violations(_MISSING, self._shape, parameters):
            name = problems[0].split("'")[1]  # "queueUrl", or "entries.1.member.id"
            text = f"The request must contain the parameter {name[:1].upper()}{name[1:]}."
            raise ServiceError("MissingParameter", text)
        return {self._names[name]: value for name, value in parameters.items()}

    def answer(self, protocol: str, result: object) -> Answer:
        """What the provider has returned or raised, as the client reads it."""
        request_id = str(uuid.uuid4())
        serializer = get_serializer_class(self._model.service_model.service_name, protocol)
        answer = serializer(self._model, SerializationContext(request_id)).serialize(result)
        status = f"{answer['status_code']} {responses[answer['status_code']]}"
        return Answer(status, [*answer["headers"].items(), ("x-amzn-RequestId", request_id)], answer["body"].encode())


operation = cache(Operation)
