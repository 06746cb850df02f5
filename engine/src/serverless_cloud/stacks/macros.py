"""The macro AWS::Include: parts of a template that come from S3.

Source: CloudFormation Template Reference, "AWS::Include transform".
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from botocore.exceptions import ClientError

from serverless_cloud.core.clients import client
from serverless_cloud.stacks import documents
from serverless_cloud.stacks.errors import StackError
from serverless_cloud.stacks.intrinsics import Scope
from serverless_cloud.stacks.template import SERVERLESS

INCLUDE = "AWS::Include"
_CALL = "Fn::Transform"


@dataclass(frozen=True)
class Macros:
    """The macros that a template can use."""

    region: str
    account_id: str

    def expanded(self, document: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
        """A template without macros: the macros in its parts run first, then the macros of the whole.

        Args:
            values: of the template's parameters.

        Raises:
            StackError: there is no such macro, or it fails.
        """
        scope = Scope(values, document.get("Mappings") or {}, document.get("Conditions") or {}, {}, str)
        template: dict[str, Any] = self._without_calls(copy.deepcopy(dict(document)), scope)
        declared = template.get("Transform") or []
        declared = declared if isinstance(declared, list) else [declared]
        for macro in declared:
            name, parameters = _named(macro)
            if name != SERVERLESS:
                template = _merged(template, self._included(name, scope.resolve(parameters)))
        left = [macro for macro in declared if _named(macro)[0] == SERVERLESS]
        template.pop("Transform", None)
        return template | ({"Transform": left} if left else {})

    def _without_calls(self, part: Any, scope: Scope) -> Any:
        """A part of a template in which the innermost macros have been called first."""
        if isinstance(part, list):
            return [self._without_calls(item, scope) for item in part]
        if not isinstance(part, dict):
            return part
        part = {name: self._without_calls(member, scope) for name, member in part.items()}
        if _CALL not in part:
            return part
        call = part.pop(_CALL)
        for macro in call if isinstance(call, list) else [call]:
            name, parameters = _named(macro)
            content = self._included(name, scope.resolve(parameters))
            part = {**part, **content} if isinstance(content, dict) else content
        return part

    def _included(self, name: str, parameters: Mapping[str, Any]) -> Any:
        """The content of an object in S3, which the macro AWS::Include names."""
        if name != INCLUDE:
            raise StackError(f"No transform named {self.account_id}::{name} found.")
        bucket, _, key = str(parameters.get("Location") or "").removeprefix("s3://").partition("/")
        if not str(parameters.get("Location")).startswith("s3://") or not bucket or not key:
            raise _failed("The location parameter is not a valid S3 uri.")
        try:
            text = client("s3", self.region).get_object(Bucket=bucket, Key=key)["Body"].read().decode()
        except ClientError as error:
            raise _failed(str(error.response["Error"]["Message"])) from error
        try:
            return documents.read(text)
        except (ValueError, yaml.YAMLError) as error:
            raise _failed("The specified S3 object's content should be valid Yaml/JSON") from error


def _named(macro: Any) -> tuple[str, Mapping[str, Any]]:
    """A macro's name and its parameters."""
    if isinstance(macro, Mapping):
        return str(macro.get("Name")), macro.get("Parameters") or {}
    return str(macro), {}


def _merged(document: dict[str, Any], more: Any) -> dict[str, Any]:
    """A template with further members in its sections; its own stay."""
    merged = dict(document)
    for name, section in more.items() if isinstance(more, dict) else ():
        own = merged.get(name)
        merged[name] = {**section, **own} if isinstance(own, dict) and isinstance(section, dict) else own or section
    return merged


def _failed(why: str) -> StackError:
    return StackError(f"Transform {INCLUDE} failed with: {why}")
