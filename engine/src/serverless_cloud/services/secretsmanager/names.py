"""Names of secrets, refused as on AWS; moto takes any. Rules: Secrets Manager API Reference, CreateSecret."""

from __future__ import annotations

import re
from typing import Any

from moto.core.exceptions import AWSError
from moto.secretsmanager.models import SecretsManagerBackend

from serverless_cloud.core.patches import Service

patches = Service("secretsmanager")

_NAME = re.compile(r"[\w/+=.@!-]+", re.ASCII)


@patches.replaces(
    "moto.secretsmanager.models:SecretsManagerBackend.create_secret",
    expects=(
        "self, name, secret_string, secret_binary, description, tags, kms_key_id, client_request_token, "
        "replica_regions, force_overwrite"
    ),
    defect="engine/tests/workflows/test_states_tasks_patches.py::test_stock_moto_takes_any_name_for_a_secret",
    upstream="CreateSecret refuses a name with other characters.",
)
def create_secret(backend: SecretsManagerBackend, name: str, *args: Any, **given: Any) -> str:
    if not _NAME.fullmatch(name):
        raise AWSError(
            "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
            "ValidationException",
        )
    return create_secret.original(backend, name, *args, **given)
