"""The public layer of Powertools, which templates name by its ARN: the package that is installed here.

Source: Powertools for AWS Lambda (Python), "Installation", Lambda Layer. Every version of the layer has the version of
the package that is installed.
"""

from __future__ import annotations

import base64
import functools
import re

from moto.awslambda.models import LambdaBackend, LayerVersion

from serverless_cloud.core.patches import Service
from serverless_cloud.errors import CloudError
from serverless_cloud.lambda_ import course_layers as layers

patches = Service("lambda")

_POWERTOOLS = re.compile(
    r"arn:aws:lambda:[a-z0-9-]+:(?P<account>017000801446):layer:"
    r"(?P<name>AWSLambdaPowertoolsPythonV3-python3\d+-(?:x86_64|arm64)):(?P<version>[1-9]\d{0,4})"
)


@functools.cache
def _package() -> str:
    return base64.b64encode(layers.package("powertools")).decode()


@patches.replaces("moto.awslambda.models:LambdaBackend.layers_versions_by_arn", defect="data plane")
def layers_versions_by_arn(backend: LambdaBackend, layer_version_arn: str) -> LayerVersion | None:
    public = _POWERTOOLS.fullmatch(layer_version_arn)
    if public is None:
        return layers_versions_by_arn.original(backend, layer_version_arn)
    try:
        spec = {"LayerName": public["name"], "Content": {"ZipFile": _package()}}
    except CloudError:  # Powertools isn't installed here
        return None
    version = LayerVersion(spec, public["account"], backend.region_name)  # type: ignore[abstract]
    version.version = int(public["version"])
    return version
