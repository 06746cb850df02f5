"""Macros of a template: parts of it that come from S3 (AWS::Include), or that a function of yours writes.

Source: CloudFormation Template Reference, "AWS::Include transform"; CloudFormation User Guide, "Perform custom
processing on CloudFormation templates with template macros".
"""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from botocore.exceptions import ClientError

from serverless_cloud.clients import client
from serverless_cloud.stacks import documents
from serverless_cloud.stacks.errors import StackError
from serverless_cloud.stacks.intrinsics import Scope
from serverless_cloud.stacks.template import SERVERLESS

INCLUDE = "AWS::Include"
_CALL = "Fn::Transform"
_MALFORMED = "Received malformed response from the transform"


@dataclass(frozen=True)
class Macros:
    """The macros that a template can use.

    Args:
        functions: names or ARNs of functions, by the names of macros.
    """

    region: str
    account_id: str
    functions: Mapping[str, str]

    def expanded(self, document: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
        """A template without macros: the macros in its parts run first, then the macros of the whole.

        Args:
            values: of the template's parameters.

        Raises:
            StackError: there is no such macro, or it fails.
        """
        scope = Scope(values, document.get("Mappings") or {}, document.get("Conditions") or {}, {}, str)
        found: dict[str, Any] = self._without_calls(copy.deepcopy(dict(document)), scope)
        declared = found.get("Transform") or []
        declared = declared if isinstance(declared, list) else [declared]
        for each in declared:
            name, given = _named(each)
            if name == SERVERLESS:
                continue
            whole = {key: part for key, part in found.items() if key != "Transform"}
            if name == INCLUDE:
                found = _merged(found, self._included(scope.resolve(given)))
            elif isinstance(made := self._asked(name, scope.resolve(given), whole, scope), dict):
                found = made
            else:
                raise _failed(f"{self.account_id}::{name}", _MALFORMED)
        left = [each for each in declared if _named(each)[0] == SERVERLESS]
        found.pop("Transform", None)
        return found | ({"Transform": left} if left else {})

    def _without_calls(self, part: Any, scope: Scope) -> Any:
        """A part of a template in which the innermost macros have been called first."""
        if isinstance(part, list):
            return [self._without_calls(each, scope) for each in part]
        if not isinstance(part, dict):
            return part
        part = {name: self._without_calls(each, scope) for name, each in part.items()}
        if _CALL not in part:
            return part
        call = part.pop(_CALL)
        for each in call if isinstance(call, list) else [call]:
            name, given = _named(each)
            if name == INCLUDE:
                made = self._included(scope.resolve(given))
                part = {**part, **made} if isinstance(made, dict) else made
            else:
                part = self._asked(name, scope.resolve(given), part, scope)
        return part

    def _included(self, given: Mapping[str, Any]) -> Any:
        """The content of an object in S3."""
        bucket, _, key = str(given.get("Location") or "").removeprefix("s3://").partition("/")
        if not str(given.get("Location")).startswith("s3://") or not bucket or not key:
            raise _failed(INCLUDE, "The location parameter is not a valid S3 uri.")
        try:
            text = client("s3", self.region).get_object(Bucket=bucket, Key=key)["Body"].read().decode()
        except ClientError as error:
            raise _failed(INCLUDE, str(error.response["Error"]["Message"])) from error
        try:
            return documents.read(text)
        except (ValueError, yaml.YAMLError) as error:
            raise _failed(INCLUDE, "The specified S3 object's content should be valid Yaml/JSON") from error

    def _asked(self, name: str, given: Mapping[str, Any], fragment: Any, scope: Scope) -> Any:
        """The part of the template that a macro's function returns."""
        full = f"{self.account_id}::{name}"
        if name not in self.functions:
            raise StackError(f"No transform named {full} found.")
        event = {
            "region": self.region, "accountId": self.account_id, "fragment": fragment, "transformId": full,
            "params": given, "requestId": str(uuid.uuid4()),
            "templateParameterValues": {key: value for key, value in scope.parameters.items() if "::" not in key},
        }  # fmt: skip
        try:
            answer = client("lambda", self.region).invoke(
                FunctionName=self.functions[name], Payload=json.dumps(event, default=str).encode()
            )
        except ClientError as error:
            raise _failed(full, str(error.response["Error"]["Message"])) from error
        told = json.loads(answer["Payload"].read() or "null")
        if answer.get("FunctionError") or not isinstance(told, dict):
            raise _failed(full, _MALFORMED)
        if str(told.get("status")).lower() != "success":
            raise _failed(full, str(told.get("errorMessage") or "without an error message"))
        return told.get("fragment")


def _named(each: Any) -> tuple[str, Mapping[str, Any]]:
    """A macro's name and its parameters."""
    if isinstance(each, Mapping):
        return str(each.get("Name")), each.get("Parameters") or {}
    return str(each), {}


def _merged(document: dict[str, Any], more: Any) -> dict[str, Any]:
    """A template with further members in its sections; its own stay."""
    merged = dict(document)
    for name, section in more.items() if isinstance(more, dict) else ():
        own = merged.get(name)
        merged[name] = {**section, **own} if isinstance(own, dict) and isinstance(section, dict) else own or section
    return merged


def _failed(name: str, why: str) -> StackError:
    return StackError(f"Transform {name} failed with: {why}")
