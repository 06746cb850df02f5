"""Local folders and files that a template names go into a bucket, as `aws cloudformation package` does it.

Source: AWS CLI Command Reference, `cloudformation package`: which properties may be local paths.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serverless_cloud.errors import CloudError
from serverless_cloud.stacks import documents
from serverless_cloud.stacks.archives import zip_of
from serverless_cloud.stacks.errors import StackError

_SKIPPED = frozenset({"__pycache__", ".git", ".ipynb_checkpoints", ".aws-sam"})
_STORED = (".zip", ".jar")
#: Type -> property, whether it is code (a zip file), and the form of the address.
_LOCAL: Mapping[str, tuple[str, bool, str]] = {
    "AWS::Serverless::Function": ("CodeUri", True, "uri"),
    "AWS::Serverless::LayerVersion": ("ContentUri", True, "uri"),
    "AWS::Serverless::StateMachine": ("DefinitionUri", False, "uri"),
    "AWS::Serverless::Api": ("DefinitionUri", False, "uri"),
    "AWS::Serverless::HttpApi": ("DefinitionUri", False, "uri"),
    "AWS::Serverless::Application": ("Location", False, "template"),
    "AWS::Lambda::Function": ("Code", True, "S3Bucket S3Key"),
    "AWS::Lambda::LayerVersion": ("Content", True, "S3Bucket S3Key"),
    "AWS::StepFunctions::StateMachine": ("DefinitionS3Location", False, "Bucket Key"),
    "AWS::ApiGateway::RestApi": ("BodyS3Location", False, "Bucket Key"),
    "AWS::ApiGatewayV2::Api": ("BodyS3Location", False, "Bucket Key"),
    "AWS::CloudFormation::Stack": ("TemplateURL", False, "template"),
}
_GLOBALS = {"Function": "AWS::Serverless::Function", "LayerVersion": "AWS::Serverless::LayerVersion"}


class PackagingFailed(CloudError):
    """A folder or a file that a template names cannot be packaged."""


@dataclass(frozen=True)
class Depot:
    """Where packages go.

    Args:
        put: stores an object: key and content; one that is there already is left alone.
        url: the address of an object for TemplateURL, by its key.
    """

    bucket: str
    put: Callable[[str, bytes], None]
    url: Callable[[str], str]

    def store(self, content: bytes, suffix: str) -> str:
        """Stores content under a key that is its own digest; the key."""
        key = hashlib.sha256(content).hexdigest()[:32] + suffix
        self.put(key, content)
        return key


def read(path: Path) -> dict[str, Any]:
    """A template from its file.

    Raises:
        PackagingFailed: there is none, or it cannot be read.
    """
    try:
        return documents.parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PackagingFailed(f"The template {path} can't be read: {error.strerror or error}.") from error
    except (StackError, UnicodeDecodeError) as error:
        raise PackagingFailed(f"{path}: {error}") from error


def package(template: Mapping[str, Any], folder: Path, depot: Depot) -> dict[str, Any]:
    """A template whose local paths are addresses in a bucket.

    Args:
        template: with short forms written out.
        folder: what its paths are relative to.

    Raises:
        PackagingFailed: a path does not exist, or leads out of its folder.
    """
    document: dict[str, Any] = json.loads(json.dumps(template))
    for section, type in _GLOBALS.items():
        properties = (document.get("Globals") or {}).get(section) or {}
        name = _LOCAL[type][0]
        if _is_local(properties.get(name)):
            properties[name] = _address(type, properties[name], folder, depot)
    of_functions = (document.get("Globals") or {}).get("Function") or {}
    for logical_id, resource in (document.get("Resources") or {}).items():
        if not isinstance(resource, dict) or resource.get("Type") not in _LOCAL:
            continue
        type = resource["Type"]
        name = _LOCAL[type][0]
        properties = resource.setdefault("Properties", {}) or {}
        resource["Properties"] = properties
        names = {*properties, *of_functions}
        if type == "AWS::Serverless::Function" and not {"CodeUri", "InlineCode", "ImageUri"} & names:
            properties["CodeUri"] = "."  # as AWS's command line takes it
        if _is_local(properties.get(name)):
            try:
                properties[name] = _address(type, properties[name], folder, depot)
            except PackagingFailed as error:
                raise PackagingFailed(f"{name} of {logical_id}: {error}") from error
    return document


def zipped(path: Path) -> bytes:
    """A folder, or a single file, as a zip file: the same files give the same bytes.

    Raises:
        PackagingFailed: there is nothing at the path, or a link in it leads out of it.
    """
    if path.is_file():
        return path.read_bytes() if path.suffix in _STORED else zip_of({path.name: path.read_bytes()})
    if not path.is_dir():
        raise PackagingFailed(f"there is no folder or file {path}.")
    root, files = path.resolve(), dict[str, bytes]()
    for where, folders, names in os.walk(root, followlinks=True):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED)
        for name in (*folders, *names):
            if not (Path(where) / name).resolve().is_relative_to(root):
                raise PackagingFailed(
                    f"{Path(where) / name} is a link that leads out of {path}. Replace it with a copy of the file."
                )
        for folder in folders:
            if Path(where).resolve().is_relative_to((Path(where) / folder).resolve()):
                raise PackagingFailed(
                    f"{Path(where) / folder} is a link to a folder that contains it. Remove the link."
                )
        for name in names:
            if not name.endswith(".pyc"):
                file = Path(where) / name
                files[file.relative_to(root).as_posix()] = file.read_bytes()
    return zip_of(files)


def _is_local(value: Any) -> bool:
    return isinstance(value, str) and not value.startswith(("s3://", "https://", "http://", "arn:"))


def _address(type: str, value: str, folder: Path, depot: Depot) -> Any:
    _, is_code, form = _LOCAL[type]
    path = folder / value
    if form == "template":
        packaged = package(read(path), path.parent, depot)
        return depot.url(depot.store(documents.dump(packaged).encode(), ".template"))
    if is_code:
        key = depot.store(zipped(path), ".zip")
    else:
        try:
            key = depot.store(path.read_bytes(), path.suffix)
        except OSError as error:
            raise PackagingFailed(f"{path} can't be read: {error.strerror or error}.") from error
    if form == "uri":
        return f"s3://{depot.bucket}/{key}"
    bucket_name, key_name = form.split()
    return {bucket_name: depot.bucket, key_name: key}
