"""How the gate reads a request before it judges it."""

from __future__ import annotations

import io
import json
from typing import Any
from unittest.mock import Mock

import pytest

from serverless_cloud.iam.gate import Gate
from serverless_cloud.iam.permissions import Identities, Identity, Permissions
from serverless_cloud.iam.policies import Principal

KEN = Principal("arn:aws:iam::123456789012:user/ken", frozenset(), "123456789012")
SIGNED = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261129/us-east-1/s3/aws4_request, Signature=0"


def upload(folder: str) -> dict[str, Any]:
    """What WSGI says of a PUT: a server decodes the path's percent signs, and its bytes become Latin-1."""
    path = f"/hikari/{folder}/1".encode().decode("latin-1")
    request = {"REQUEST_METHOD": "PUT", "PATH_INFO": path, "HTTP_AUTHORIZATION": SIGNED}
    return request | {"HTTP_HOST": "127.0.0.1", "wsgi.input": io.BytesIO(b"lamp"), "CONTENT_LENGTH": "4"}


@pytest.mark.parametrize("folder", ["lamps", "two words", "ランプ", "a+b%20c"])
def test_a_policy_names_objects_as_they_are_written(folder: str) -> None:
    statement = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::hikari/{folder}/*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    directory = Mock(spec=Identities)
    directory.of_key.return_value = Identity(KEN, (policy,))
    directory.resource_policy.return_value = None
    gate = Gate(Permissions(enforced=True, identities=directory))
    assert gate.refuses(upload(folder)) is None
    refused = gate.refuses(upload(f"{folder}2"))
    assert refused is not None
    assert refused.status == "403 Forbidden"
