"""The answers of the calls of event source mappings: status and state, errors, pages."""

from __future__ import annotations

import json
from urllib.parse import unquote

from moto.awslambda.exceptions import GenericResourcNotFound
from moto.awslambda.models import EventSourceMapping
from moto.awslambda.responses import LambdaResponse
from moto.core.common_types import TYPE_RESPONSE

from serverless_cloud.core.patches import Service
from serverless_cloud.services.lambda_.answers import page
from serverless_cloud.services.lambda_.mappings import list_event_source_mappings as list_of_backend, settings_of

patches = Service(
    "lambda",
    defect="engine/tests/sources/test_mapping_patches.py::test_stock_moto_still_has_the_defect[the_answer_lacks_defaults]",
    upstream="Answers about event source mappings have AWS's status, state, errors and pages.",
)


MOST_ON_A_PAGE = 100  # API reference: ListEventSourceMappings returns at most 100


@patches.replaces("moto.awslambda.responses:LambdaResponse.create_event_source_mapping")
def create_event_source_mapping(response: LambdaResponse) -> TYPE_RESPONSE:
    return _answer(202, response.backend.create_event_source_mapping(response.json_body), "Creating")


@patches.replaces("moto.awslambda.responses:LambdaResponse.get_event_source_mapping")
def get_event_source_mapping(response: LambdaResponse) -> TYPE_RESPONSE:
    return _answer(200, _named(response))


@patches.replaces("moto.awslambda.responses:LambdaResponse.update_event_source_mapping")
def update_event_source_mapping(response: LambdaResponse) -> TYPE_RESPONSE:
    was_enabled = settings_of(_named(response))["Enabled"]
    esm = response.backend.update_event_source_mapping(_uuid(response), response.json_body) or _named(response)
    enabled = settings_of(esm)["Enabled"]
    state = "Updating" if enabled == was_enabled else "Enabling" if enabled else "Disabling"
    return _answer(202, esm, state)


@patches.replaces("moto.awslambda.responses:LambdaResponse.delete_event_source_mapping")
def delete_event_source_mapping(response: LambdaResponse) -> TYPE_RESPONSE:
    found = _answer(202, _named(response), "Deleting")
    response.backend.delete_event_source_mapping(_uuid(response))
    return found


@patches.replaces("moto.awslambda.responses:LambdaResponse.list_event_source_mappings")
def list_event_source_mappings(response: LambdaResponse) -> str:
    query = {name: values[0] for name, values in response.querystring.items()}
    found = list_of_backend(response.backend, query.get("EventSourceArn"), query.get("FunctionName"))
    answer, shown = page(response, found, MOST_ON_A_PAGE)
    return json.dumps(answer | {"EventSourceMappings": [mapping.get_configuration() for mapping in shown]})


def _answer(status: int, esm: EventSourceMapping, state: str = "") -> TYPE_RESPONSE:
    shown = esm.get_configuration() | ({"State": state} if state else {})
    return status, {"status": status}, json.dumps(shown)


def _named(response: LambdaResponse) -> EventSourceMapping:
    esm = response.backend.get_event_source_mapping(_uuid(response))
    if esm is None:
        raise GenericResourcNotFound
    return esm


def _uuid(response: LambdaResponse) -> str:
    return unquote(response.path.rstrip("/").split("/")[-1])
