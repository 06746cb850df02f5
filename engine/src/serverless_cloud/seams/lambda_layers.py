"""Seam: layers (moto 5.2.5).

moto keeps layer versions and checks that a function's layers exist; `lambda_functions.spec_of` hands their zips to the
data plane. Replaced here: `LambdaBackend.publish_layer_version`, which takes any bytes for a zip.

Worth an upstream change: the check of the zip.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.awslambda import models
from moto.awslambda.exceptions import InvalidParameterValueException

from serverless_cloud.seams.lambda_rules import refuse_a_bad_package


def install() -> None:
    """Puts the check into moto's backend."""
    backend: Any = models.LambdaBackend
    moto_publish: Callable[..., Any] = backend.publish_layer_version

    def publish_layer_version(self: Any, spec: dict[str, Any]) -> Any:
        version = moto_publish(self, spec)
        try:
            refuse_a_bad_package(version.code_bytes)
        except InvalidParameterValueException:
            self.delete_layer_version(version.name, str(version.version))
            raise
        return version

    backend.publish_layer_version = publish_layer_version
