"""Layers: their versions, and AWS's errors for missing ones."""

from __future__ import annotations

import json
from collections.abc import Sequence
from urllib.parse import unquote

from moto.awslambda.exceptions import (
    InvalidParameterValueException,
    LambdaClientError,
    UnknownLayerException,
)
from moto.awslambda.models import LambdaBackend, LayerVersion
from moto.awslambda.responses import LambdaResponse

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.services.lambda_.answers import page
from serverless_cloud.services.lambda_.functions import address_of_package, refuse_missing_code
from serverless_cloud.services.lambda_.validation import refuse_a_bad_package

patches = Service(
    "lambda",
    defect="engine/tests/lambda_/test_lambda_patches.py::test_stock_moto_still_has_the_defect[a_missing_layer_has_another_error]",
    upstream="Layers that are not there have AWS's errors, and lists come by the page.",
)

MOST_ON_A_PAGE = 50  # API reference: ListLayers, ListLayerVersions


class Missing(LambdaClientError):
    """There is no such layer version."""

    code = 404

    def __init__(self) -> None:
        super().__init__("ResourceNotFoundException", "The resource you requested does not exist.")


@patches.replaces(
    "moto.awslambda.models:LambdaBackend.publish_layer_version",
    defect="engine/tests/services/test_moto_patches.py::test_stock_moto_still_has_the_defect[a_layer_that_is_no_zip_is_taken]",
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
