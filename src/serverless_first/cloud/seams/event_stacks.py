"""Seam: event buses and rules of EventBridge in CloudFormation stacks (moto 5.2.5).

Replaced here:

- `Rule.create_from_cloudformation_json`, `EventBus.create_from_cloudformation_json`: a refusal of EventBridge is JSON,
  which a client of CloudFormation cannot read; moto drops all settings of a bus but its name.
- `Rule.update_from_cloudformation_json`: moto makes a rule of another name, so that its ARN in permissions is wrong.
- `EventBus.update_from_cloudformation_json`, `EventBus.delete`: moto deletes all rules of the bus, also to change it.
- `EventBus.physical_resource_id` is new: `Ref` of a bus is its name.

Worth an upstream change: all of it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.events import models

_DEFAULT = "default"


def install() -> None:
    """Puts what the local cloud does with buses and rules behind stacks."""
    rule_class: Any = models.Rule
    bus_class: Any = models.EventBus
    moto_create: Callable[..., Any] = rule_class.create_from_cloudformation_json.__func__

    def create_rule(
        cls: Any, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **more: Any
    ) -> Any:
        for target in cloudformation_json["Properties"].get("Targets") or []:
            _numbers(target.get("RetryPolicy") or {})
        with _readable():
            return moto_create(cls, resource_name, cloudformation_json, account_id, region_name, **more)

    def update_rule(
        cls: Any,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> Any:
        wanted = cloudformation_json["Properties"]
        stays = _bus_name(wanted.get("EventBusName")) == original_resource.event_bus_name and (
            wanted.get("Name") in (None, original_resource.name)
        )
        made = cls.create_from_cloudformation_json(
            original_resource.name if stays else new_resource_name, cloudformation_json, account_id, region_name
        )
        if stays:
            kept = {target["Id"] for target in wanted.get("Targets") or []}
            made.remove_targets([target["Id"] for target in list(made.targets) if target["Id"] not in kept])
        else:
            original_resource.delete(account_id, region_name)
        return made

    def create_bus(
        cls: Any, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> Any:
        del cls
        wanted = cloudformation_json["Properties"]
        with _readable():
            return models.events_backends[account_id][region_name].create_event_bus(
                resource_name,
                event_source_name=wanted.get("EventSourceName"),
                description=wanted.get("Description"),
                kms_key_identifier=wanted.get("KmsKeyIdentifier"),
                dead_letter_config=wanted.get("DeadLetterConfig"),
                tags=wanted.get("Tags"),
            )

    def update_bus(
        cls: Any,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> Any:
        if new_resource_name == original_resource.name:
            original_resource.description = cloudformation_json["Properties"].get("Description")
            return original_resource
        made = cls.create_from_cloudformation_json(new_resource_name, cloudformation_json, account_id, region_name)
        original_resource.delete(account_id, region_name)
        return made

    def delete_bus(self: Any, account_id: str, region_name: str) -> None:
        with _readable():
            models.events_backends[account_id][region_name].delete_event_bus(self.name)

    for owner, name, call in (
        (rule_class, "create_from_cloudformation_json", create_rule),
        (rule_class, "update_from_cloudformation_json", update_rule),
        (bus_class, "create_from_cloudformation_json", create_bus),
        (bus_class, "update_from_cloudformation_json", update_bus),
    ):
        replacement: Any = call
        setattr(owner, name, classmethod(replacement))
    bus_class.delete = delete_bus
    bus_class.physical_resource_id = property(lambda self: self.name)


def _bus_name(given: str | None) -> str:
    return given.rsplit("/", 1)[-1] if given else _DEFAULT


def _numbers(retry_policy: dict[str, Any]) -> None:
    """CloudFormation takes numbers as texts, too."""
    for name, value in retry_policy.items():
        with contextlib.suppress(TypeError, ValueError):
            retry_policy[name] = int(value)


@contextlib.contextmanager
def _readable() -> Iterator[None]:
    """A refusal of EventBridge becomes one of CloudFormation, with the same words."""
    try:
        yield
    except JsonRESTError as error:
        from moto.cloudformation.exceptions import ValidationError  # slow to import; it is there when a stack is

        raise ValidationError(message=str(error.message)) from error
