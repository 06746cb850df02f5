"""Other services for HTTP APIs, for the keys of user pools and calls of service integrations."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError
from moto.backends import get_backend

from serverless_cloud.core.clients import client
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.http.calls import SERVICE
from serverless_cloud.http.http_api.integrations import SERVICES, ServiceCall, ServiceCallError
from serverless_cloud.iam.permissions import ACCOUNT_ID, Permissions
from serverless_cloud.services.apigateway.http_api_rules import COGNITO

#: The parameters that a service takes as another type than text.
_READ: dict[str, Callable[[str], Any]] = {"DelaySeconds": int, "MessageAttributes": json.loads, "Resources": json.loads}


def service_calls(permissions: Permissions) -> ServiceCall:
    """Calls services by boto3, as the role of the integration."""

    def call_service(subtype: str, region: str, given: Mapping[str, str], role_arn: str) -> JsonObject:
        service = SERVICES[subtype]
        resource = given.get(service.resource) or "default"
        arn = _arn_of(subtype, resource, region)
        permissions.require(role_arn, service.action, arn, service=SERVICE)
        return _call(subtype, region, given)

    return call_service


def keys_of_pool(issuer: str) -> JsonObject | None:
    """The public keys of a Cognito user pool; None if the issuer is not a pool of this cloud."""
    found = COGNITO.fullmatch(issuer)
    if not found:
        return None
    pool = get_backend("cognito-idp")[ACCOUNT_ID][found[1]].user_pools.get(found[2])
    return None if pool is None else {"keys": [pool.json_web_key.as_dict(private=False)]}


def _arn_of(subtype: str, resource: str, region: str) -> str:
    if resource.startswith("arn:"):
        return resource
    if subtype == "SQS-SendMessage":
        return f"arn:aws:sqs:{region}:{resource.rstrip('/').split('/')[-2]}:{resource.rstrip('/').split('/')[-1]}"
    return f"arn:aws:events:{region}:{ACCOUNT_ID}:event-bus/{resource}"


def _call(subtype: str, region: str, given: Mapping[str, str]) -> JsonObject:
    try:
        values = {name: _READ.get(name, str)(value) for name, value in given.items() if value}
        if subtype == "SQS-SendMessage":
            answer = client("sqs", region).send_message(**values)
        elif subtype == "EventBridge-PutEvents":
            answer = client("events", region).put_events(Entries=[values])
        elif subtype == "StepFunctions-StartExecution":
            answer = client("stepfunctions", region).start_execution(**_lower(values))
        else:
            answer = client("stepfunctions", region).start_sync_execution(**_lower(values))
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        given_error = {"__type": error.response["Error"]["Code"], "message": error.response["Error"]["Message"]}
        raise ServiceCallError(status, given_error) from error
    except (ParamValidationError, ValueError, TypeError, IndexError) as error:
        raise ServiceCallError(400, {"message": str(error)}) from error
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def _lower(values: JsonObject) -> JsonObject:
    """Step Functions' own names begin with a small letter."""
    return {name[0].lower() + name[1:]: value for name, value in values.items()}
