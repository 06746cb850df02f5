"""The form of errors: one message in XML, and in JSON the names of errors that an older protocol had as codes.

AWS's XML tells an error's text as <Message>. moto repeats it as <message> if the error's model has a member of that
name, and boto3 then shows a field that AWS's answer doesn't have.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from moto.core.errors import ErrorShape
from moto.core.model import ServiceModel
from moto.core.serialize import BaseXMLSerializer, SqsQuerySerializer

from serverless_cloud.core.patches import Service

patches = Service(
    "moto",
    defect="engine/tests/services/test_moto_patches.py::test_stock_moto_still_has_the_defect[xml_repeats_a_text]",
)

#: The error of services that moved from the query protocol to JSON for a value that a parameter can't have.
_INVALID_VALUE = ErrorShape(
    "InvalidParameterValueException",
    {"exception": True, "type": "structure", "members": {}, "error": {"code": "InvalidParameterValue"}},
)


@patches.replaces(
    "moto.core.serialize:BaseXMLSerializer._serialize_error_metadata", upstream="Errors in XML have one message."
)
def serialize_error_metadata(
    serializer: BaseXMLSerializer, serialized: MutableMapping[str, Any], error: Exception, shape: ErrorShape
) -> None:
    serialize_error_metadata.original(serializer, serialized, error, shape)
    if "Message" in serialized:
        serialized.pop("message", None)
    if isinstance(serializer, SqsQuerySerializer):
        serialized["Detail"] = None  # <Detail/>, as SQS writes it


@patches.replaces(
    "moto.core.errors:get_error_model",
    everywhere=True,
    defect="engine/tests/services/test_moto_patches.py::test_stock_moto_still_has_the_defect[json_has_the_code_of_the_query_protocol]",
    upstream="In JSON, InvalidParameterValue of SQS is an InvalidParameterValueException.",
)
def get_error_model(exception: Exception, default_service_model: ServiceModel) -> ErrorShape:
    found = get_error_model.original(exception, default_service_model)
    if found.name == "InvalidParameterValue" and "awsQueryCompatible" in default_service_model.metadata:
        return _INVALID_VALUE
    return found
