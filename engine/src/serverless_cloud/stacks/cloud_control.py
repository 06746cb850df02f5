"""The Cloud Control API, as far as `sam list endpoints` calls it: GetResource of a function's URL."""

from __future__ import annotations

import json
from collections.abc import Mapping

from botocore.exceptions import ClientError

from serverless_cloud.core.clients import client
from serverless_cloud.core.refusals import NotHonoured

PREFIX = "CloudApiService."  # of X-Amz-Target
_URL = "AWS::Lambda::Url"


def answer(operation: str, body: bytes, region: str) -> tuple[str, bytes]:
    """Answers a call.

    Args:
        operation: the name after the prefix.
        body: a JSON object.

    Returns:
        The HTTP status, and a JSON object.

    Raises:
        NotHonoured: another operation, or another type of resource.
    """
    request = json.loads(body or b"{}")
    if operation != "GetResource":
        raise NotHonoured(operation)
    if request.get("TypeName") != _URL:
        raise NotHonoured(f"GetResource of {request.get('TypeName')}")
    try:
        config = client("lambda", region).get_function_url_config(FunctionName=request["Identifier"])
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        text = f"Resource of type '{_URL}' with identifier '{request['Identifier']}' was not found."
        return "400 Bad Request", _json({"__type": "ResourceNotFoundException", "message": text})
    properties = {name: config[name] for name in ("FunctionUrl", "FunctionArn", "AuthType")}
    described = {"Identifier": config["FunctionArn"], "Properties": json.dumps(properties)}
    return "200 OK", _json({"TypeName": _URL, "ResourceDescription": described})


def _json(value: Mapping[str, object]) -> bytes:
    return json.dumps(value).encode()
