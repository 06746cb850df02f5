"""Documents of APIs and state machines: in a template, or in a bucket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serverless_cloud.stacks.documents import parse
from serverless_cloud.stacks.errors import ResourceFailed
from serverless_cloud.stacks.kinds.base import Place, Properties


def document_of(at: Place, properties: Properties) -> dict[str, Any] | None:
    """The OpenAPI document of an API: in the template, or in a bucket; None without one."""
    if "Body" in properties:
        body = properties["Body"]
        return dict(body) if isinstance(body, Mapping) else parse(str(body))
    return parse(text_in_bucket(at, properties["BodyS3Location"])) if "BodyS3Location" in properties else None


def text_in_bucket(at: Place, where: Properties) -> str:
    """The text of an object of S3: Bucket, Key, and Version if it is not the newest."""
    version = {"VersionId": where["Version"]} if "Version" in where else {}
    answer = at.call("s3", "GetObject", Bucket=where["Bucket"], Key=where["Key"], **version)
    try:
        return str(answer["Body"].read().decode())
    except UnicodeDecodeError as error:
        raise ResourceFailed(f"The object {where['Key']} in {where['Bucket']} isn't a text in UTF-8.") from error
