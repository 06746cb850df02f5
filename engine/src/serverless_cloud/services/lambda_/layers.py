"""Layers: their versions, the permissions to use them, and AWS's errors for missing ones."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from moto.awslambda.exceptions import (
    InvalidParameterValueException,
    LambdaClientError,
    PreconditionFailedException,
    UnknownLayerException,
)
from moto.awslambda.models import LambdaBackend, LayerVersion
from moto.awslambda.responses import LambdaResponse
from moto.awslambda.utils import make_layer_arn
from moto.core.common_types import TYPE_RESPONSE

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.services.lambda_.answers import page
from serverless_cloud.services.lambda_.functions import ResourceConflict, address_of_package, refuse_missing_code
from serverless_cloud.services.lambda_.permissions import document, policy_of
from serverless_cloud.services.lambda_.refusals import refuse_a_bad_package

patches = Service(
    "lambda",
    defect="engine/tests/test_lambda_seams.py::test_stock_moto_still_has_the_defect[a_missing_layer_has_another_error]",
    upstream="Layers that are not there, and their policies, have AWS's errors, and lists come by the page.",
)

MOST_ON_A_PAGE = 50  # API reference: ListLayers, ListLayerVersions


class Missing(LambdaClientError):
    """There is no such layer version, or it has no policy."""

    code = 404

    def __init__(self, message: str = "The resource you requested does not exist.") -> None:
        super().__init__("ResourceNotFoundException", message)


@patches.replaces(
    "moto.awslambda.models:LambdaBackend.publish_layer_version",
    defect="engine/tests/test_seams.py::test_stock_moto_still_has_the_defect[a_layer_that_is_no_zip_is_taken]",
    upstream="PublishLayerVersion refuses code that is not a zip.",
)
def publish_layer_version(backend: LambdaBackend, spec: JsonObject) -> LayerVersion:
    refuse_missing_code(backend, spec.get("Content") or {})
    version = publish_layer_version.original(backend, spec)
    try:
        refuse_a_bad_package(version.code_bytes)
    except InvalidParameterValueException:
        backend.delete_layer_version(version.name, str(version.version))
        raise
    return version


@patches.replaces("moto.awslambda.models:LayerVersion.get_layer_version")
def shown(version: LayerVersion) -> JsonObject:
    """A version as answers show it; moto shows an empty license, no empty description, and no address of its zip."""
    answer: JsonObject = shown.original(version) | {"Description": version.description}
    answer["Content"]["Location"] = address_of_package(version.arn)
    return {name: value for name, value in answer.items() if name != "LicenseInfo" or value}


def _named(response: LambdaResponse) -> tuple[str, str]:
    """The layer's name and the version in a path."""
    parts = response.path.split("/layers/")[1].split("/")
    name, number = unquote(parts[0]).split(":")[-1], parts[2]
    if not number.isdigit() or int(number) < 1:
        raise InvalidParameterValueException("Layer Version Cannot be less than 1")
    return name, number


def _found(response: LambdaResponse) -> LayerVersion | None:
    try:
        return response.backend.get_layer_version(*_named(response))
    except UnknownLayerException:
        return None


@patches.replaces("moto.awslambda.responses:LambdaResponse.get_layer_version")
def get_layer_version(response: LambdaResponse) -> str:
    version = _found(response)
    if version is None:
        raise Missing
    return json.dumps(shown(version))


@patches.replaces(
    "moto.awslambda.responses:LambdaResponse.get_layer_version_by_arn",
    expects="",
    upstream="GetLayerVersionByArn exists.",
)
def get_layer_version_by_arn(response: LambdaResponse) -> str:
    version = response.backend.layers_versions_by_arn(response.querystring["Arn"][0])
    if version is None:
        raise Missing
    return json.dumps(shown(version))


@patches.replaces("moto.awslambda.responses:LambdaResponse.delete_layer_version")
def delete_layer_version(response: LambdaResponse) -> str:
    if _found(response) is not None:  # AWS doesn't report a missing version
        response.backend.delete_layer_version(*_named(response))
    return ""


@patches.replaces("moto.awslambda.responses:LambdaResponse.list_layers")
def list_layers(response: LambdaResponse) -> str:
    layers = response.backend._layers._layers.values()
    rows = [(layer, _matching(response, list(layer.layer_versions.values()))) for layer in layers]
    answer, page_of_rows = page(response, [row for row in rows if row[1]], MOST_ON_A_PAGE)
    answer["Layers"] = [
        {"LayerName": layer.name, "LayerArn": layer.layer_arn, "LatestMatchingVersion": _row(versions[0])}
        for layer, versions in page_of_rows
    ]
    return json.dumps(answer)


@patches.replaces("moto.awslambda.responses:LambdaResponse.list_layer_versions")
def list_layer_versions(response: LambdaResponse) -> str:
    name = unquote(response.path.split("/layers/")[1].split("/")[0]).split(":")[-1]
    versions = _matching(response, list(response.backend.list_layer_versions(name)))
    answer, page_of_versions = page(response, versions, MOST_ON_A_PAGE)
    return json.dumps(answer | {"LayerVersions": [_row(version) for version in page_of_versions]})


def _matching(response: LambdaResponse, versions: Sequence[LayerVersion]) -> list[LayerVersion]:
    """The versions for the runtime and the architecture that a list asks for, newest first."""
    runtime, architecture = (
        response.querystring.get(name, [None])[0] for name in ("CompatibleRuntime", "CompatibleArchitecture")
    )
    return [
        version
        for version in sorted(versions, key=_number, reverse=True)
        if runtime in (None, *version.compatible_runtimes) and architecture in (None, *version.compatible_architectures)
    ]


def _number(version: LayerVersion) -> int:
    return int(version.version)


def _row(version: LayerVersion) -> JsonObject:
    """A version in a list, which doesn't show its content."""
    return {name: value for name, value in shown(version).items() if name not in ("Content", "LayerArn")}


# ---- who may use a version


def _owner(response: LambdaResponse) -> LayerVersion:
    version = _found(response)
    if version is None:
        name, number = _named(response)
        arn = make_layer_arn(response.backend.region_name, response.backend.account_id, name)
        raise Missing(f"Layer version {arn}:{number} does not exist.")
    return version


def _require_revision(version: LayerVersion, wanted: str | None) -> None:
    if wanted and wanted != version.policy.revision:
        raise PreconditionFailedException(
            "The Revision Id provided does not match the latest Revision Id. Call the GetLayerPolicy API to retrieve "
            "the latest Revision Id"
        )


@patches.replaces("moto.awslambda.responses:LambdaResponse.add_layer_version_permission")
def add_layer_version_permission(response: LambdaResponse) -> str:
    version, given = _owner(response), response.json_body
    sid, principal, organization = given["StatementId"], given["Principal"], given.get("OrganizationId")
    if any(each["Sid"] == sid for each in version.policy.statements):
        raise ResourceConflict(
            f"The statement id ({sid}) provided already exists. Please provide a new statement id, or remove the "
            "existing statement."
        )
    _require_revision(version, response.querystring.get("RevisionId", [None])[0])
    statement: dict[str, Any] = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": "*" if principal == "*" else {"AWS": f"arn:aws:iam::{principal}:root"},
        "Action": given["Action"],
        "Resource": version.arn,
    }
    if principal.startswith("arn:"):
        statement["Principal"] = {"AWS": principal}
    if organization:
        statement["Condition"] = {"StringEquals": {"aws:PrincipalOrgID": organization}}
    version.policy.statements.append(statement)
    version.policy.revision = str(uuid.uuid4())
    return json.dumps({"Statement": document(statement), "RevisionId": version.policy.revision})


@patches.replaces("moto.awslambda.responses:LambdaResponse.get_layer_version_policy")
def get_layer_version_policy(response: LambdaResponse) -> str:
    version = _owner(response)
    if not version.policy.statements:
        raise Missing("No policy is associated with the given resource.")
    return policy_of(version.policy.statements, version.policy.revision)


@patches.replaces("moto.awslambda.responses:LambdaResponse.remove_layer_version_permission")
def remove_layer_version_permission(response: LambdaResponse) -> TYPE_RESPONSE:
    version, sid = _owner(response), unquote(response.path.split("/")[-1])
    there = [each for each in version.policy.statements if each["Sid"] == sid]
    if not there:
        raise Missing(f"Statement {sid} is not found in resource policy.")
    _require_revision(version, response.querystring.get("RevisionId", [None])[0])
    version.policy.statements.remove(there[0])
    version.policy.revision = str(uuid.uuid4())
    return 204, {"status": 204}, ""
