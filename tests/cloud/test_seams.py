"""The places where moto hands over: this fails when moto changes under them, so that somebody looks."""

from __future__ import annotations

import inspect
from importlib import metadata
from typing import Any

import pytest
from moto.awslambda import models
from moto.awslambda.exceptions import InvalidParameterValueException, LambdaClientError
from moto.awslambda.responses import LambdaResponse
from moto.logs.models import LogsBackend

MOTO = "5.2.5"
LOOK = "look at cloud/seams/{}: is the seam still right, and still needed?"

#: What the seam replaces or calls: owner, name, parameters with their defaults.
SIGNATURES: list[tuple[str, Any, str, str]] = [
    ("lambda_functions.py", models.LambdaFunction, "invoke", "self, body, request_headers, response_headers"),
    ("lambda_functions.py", models.LambdaBackend, "create_function", "self, spec"),
    ("lambda_functions.py", models.LambdaBackend, "update_function_code", "self, function_name, qualifier, body"),
    ("lambda_functions.py", models.LambdaBackend, "update_function_configuration",
     "self, function_name, qualifier, body"),
    ("lambda_functions.py", models.LambdaBackend, "delete_function", "self, function_name, qualifier=None"),
    ("lambda_functions.py", models.LambdaBackend, "get_function", "self, function_name_or_arn, qualifier=None"),
    ("lambda_functions.py", models.LambdaBackend, "invoke",
     "self, function_name, qualifier, body, headers, response_headers"),
    ("lambda_functions.py", LambdaResponse, "invoke", "self"),
    ("lambda_functions.py", LogsBackend, "ensure_log_group", "self, log_group_name"),
    ("lambda_functions.py", LogsBackend, "create_log_stream", "self, log_group_name, log_stream_name"),
    ("lambda_functions.py", LogsBackend, "put_log_events", "self, log_group_name, log_stream_name, log_events"),
    ("lambda_functions.py", InvalidParameterValueException, "__init__", "self, message"),
    ("lambda_functions.py", LambdaClientError, "__init__", "self, error, message"),
]  # fmt: skip


def test_the_seams_were_written_for_this_version_of_moto() -> None:
    assert metadata.version("moto") == MOTO, "moto has changed; " + LOOK.format("*.py") + " Then change MOTO here."


@pytest.mark.parametrize(("seam", "owner", "name", "parameters"), SIGNATURES, ids=lambda v: getattr(v, "__name__", v))
def test_moto_still_has_what_a_seam_replaces_or_calls(seam: str, owner: Any, name: str, parameters: str) -> None:
    found = inspect.signature(getattr(owner, name)).parameters.values()
    got = ", ".join(p.name if p.default is p.empty else f"{p.name}={p.default!r}" for p in found)
    assert got == parameters, f"{owner.__name__}.{name} has changed; " + LOOK.format(seam)


def test_a_function_of_moto_has_what_the_data_plane_reads() -> None:
    source, look = inspect.getsource(models.LambdaFunction), LOOK.format("lambda_functions.py")
    for attribute in ("account_id", "region", "function_name", "function_arn", "version", "run_time", "handler",
                      "timeout", "memory_size", "environment_vars", "code_sha_256", "code_bytes"):  # fmt: skip
        assert f"self.{attribute}" in source, f"LambdaFunction.{attribute} is gone; {look}"


def test_a_version_is_still_asked_for_in_vain() -> None:
    source = inspect.getsource(LambdaResponse.invoke)
    look = LOOK.format("../refusals.py, which answers in its place")
    assert '_get_param("qualifier")' in source, f"moto reads the Qualifier of Invoke now; {look}"
