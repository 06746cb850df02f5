"""Seam: event source mappings in CloudFormation stacks (moto 5.2.5).

Replaced here:

- `EventSourceMapping.create_from_cloudformation_json`: moto passes over properties that there are not; a refusal of
  Lambda is JSON, which a caller of CloudFormation cannot read.
- `EventSourceMapping.update_from_cloudformation_json`: moto never makes a mapping anew, and keeps what a template has
  taken out.
- `EventSourceMapping.has_cfn_attr`, `get_cfn_attribute` are new: with one Fn::GetAtt of a mapping moto loses all
  outputs of the stack, without a word.

Rules: CloudFormation Template Reference, AWS::Lambda::EventSourceMapping. That a property without a value has its
default again [recalled, not verified for each of them]. Worth an upstream change: all of it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from moto.awslambda import models
from moto.awslambda.exceptions import LambdaClientError

from serverless_first.cloud.seams.mapping_rules import NOT_HONOURED

#: "Update requires: Replacement".
_FIXED = ("EventSourceArn", "StartingPosition", "StartingPositionTimestamp")
_CHANGEABLE = ("FunctionName", "Enabled", "BatchSize", "MaximumBatchingWindowInSeconds", "FilterCriteria",
               "FunctionResponseTypes", "ScalingConfig", "ParallelizationFactor", "MaximumRetryAttempts",
               "MaximumRecordAgeInSeconds", "BisectBatchOnFunctionError", "DestinationConfig", "Tags")  # fmt: skip
_ATTRIBUTES = {"Id": "uuid", "EventSourceMappingArn": "arn"}


def install() -> None:
    """Puts these in the place of moto's."""

    def create(
        cls: Any, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **more: Any
    ) -> Any:
        del cls, resource_name, more
        with _readable():
            return _backend(account_id, region_name).create_event_source_mapping(_properties(cloudformation_json))

    def update(
        cls: Any,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> Any:
        del cls, new_resource_name
        given, backend = _properties(cloudformation_json), _backend(account_id, region_name)
        before = original_resource.settings
        with _readable():
            if any(str(given.get(name)) != str(before.get(name)) for name in _FIXED):
                made = backend.create_event_source_mapping(given)
                original_resource.delete(account_id, region_name)
                return made
            left_out = {name: None for name in before if name not in _FIXED}
            return backend.update_event_source_mapping(original_resource.uuid, left_out | given)

    def has_cfn_attr(cls: Any, attr: str) -> bool:
        del cls
        return attr in _ATTRIBUTES

    def get_cfn_attribute(self: Any, attribute_name: str) -> str:
        if attribute_name not in _ATTRIBUTES:
            # Slow to import; it is there when a stack is.
            from moto.cloudformation.exceptions import UnformattedGetAttTemplateException

            raise UnformattedGetAttTemplateException
        return str(getattr(self, _ATTRIBUTES[attribute_name]))

    mapping_class: Any = models.EventSourceMapping
    for name, replacement in (
        ("create_from_cloudformation_json", create),
        ("update_from_cloudformation_json", update),
        ("has_cfn_attr", has_cfn_attr),
    ):
        call: Any = replacement
        setattr(mapping_class, name, classmethod(call))
    mapping_class.get_cfn_attribute = get_cfn_attribute


def _backend(account_id: str, region_name: str) -> Any:
    return models.lambda_backends[account_id][region_name]


@contextlib.contextmanager
def _readable() -> Iterator[None]:
    """Lambda's refusal becomes one of CloudFormation."""
    try:
        yield
    except LambdaClientError as error:
        raise _refusal(error.message) from error


def _refusal(text: str) -> Exception:
    from moto.cloudformation.exceptions import ValidationError  # slow to import; it is there when a stack is

    made: Exception = ValidationError(message=text)
    return made


def _properties(cloudformation_json: Any) -> dict[str, Any]:
    """What a template says of a mapping.

    Raises:
        ValidationError: properties that there are not.
    """
    given = {name: value for name, value in cloudformation_json["Properties"].items() if value is not None}
    if unknown := sorted(set(given) - {*_FIXED, *_CHANGEABLE, *NOT_HONOURED}):
        known = ", ".join((*_FIXED, *_CHANGEABLE))
        raise _refusal(f"AWS::Lambda::EventSourceMapping has no {', '.join(unknown)}. The local cloud knows {known}.")
    return given
