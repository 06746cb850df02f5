"""OpenAPI documents of APIs: in a template, or in a bucket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serverless_cloud.stacks.documents import parse
from serverless_cloud.stacks.kinds.base import Place, Properties


def document_of(at: Place, given: Properties) -> dict[str, Any] | None:
    """The OpenAPI document of an API: in the template, or in a bucket; None without one."""
    if "Body" in given:
        body = given["Body"]
        return dict(body) if isinstance(body, Mapping) else parse(str(body))
    if "BodyS3Location" not in given:
        return None
    where = given["BodyS3Location"]
    version = {"VersionId": where["Version"]} if "Version" in where else {}
    text = at.call("s3", "GetObject", Bucket=where["Bucket"], Key=where["Key"], **version)["Body"].read().decode()
    return parse(text)
