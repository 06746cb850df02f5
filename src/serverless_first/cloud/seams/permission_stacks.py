"""Seam: who may call a function, and roles with their policies, in CloudFormation stacks (moto 5.2.5).

Replaced here:

- `Permission.create_from_cloudformation_json`: moto's permission has no name, so `Ref` gives the text of a Python
  object and the resource no physical id; what Lambda refuses comes as JSON, which a client of CloudFormation cannot
  read. Here it is made by AddPermission.
- `Permission.update_from_cloudformation_json`, `Permission.delete` are new: moto changes and deletes nothing, so what a
  stack allowed is allowed when the stack is gone.
- `Role.create_from_cloudformation_json`: moto drops ManagedPolicyArns.
- `Role.update_from_cloudformation_json`: moto changes the description alone, not what the role may do.
- `Role.delete` is new: moto cannot delete a stack's role that has managed policies.
- `ManagedPolicy.delete` is new: moto leaves it.

Rules: CloudFormation Template Reference, AWS::Lambda::Permission ("Update requires: Replacement" everywhere),
AWS::IAM::Role (RoleName and Path: replacement), AWS::IAM::ManagedPolicy.
Worth an upstream change: all of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from moto.awslambda import models as functions
from moto.iam import models

from serverless_first.cloud.seams.stack_calls import call, call_unless_gone

_LONGEST_STATEMENT_ID = 100
_SUFFIX = 13  # of a name that CloudFormation makes: a hyphen and twelve characters
_REPLACING = ("RoleName", "Path")


def install() -> None:
    """Puts these rules into moto."""
    _permissions()
    _roles()

    def delete_policy(self: Any, account_id: str, region_name: str) -> None:
        del account_id, region_name
        for holder in (*self.backend.roles.values(), *self.backend.users.values(), *self.backend.groups.values()):
            if self.arn in holder.managed_policies:
                self.detach_from(holder)
        self.backend.managed_policies.pop(self.arn, None)

    policy: Any = models.ManagedPolicy
    policy.delete = delete_policy


def _permissions() -> None:
    permission: Any = functions.Permission

    def create(
        cls: Any, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> Any:
        del account_id
        given = cloudformation_json["Properties"]
        statement_id = resource_name
        if len(statement_id) > _LONGEST_STATEMENT_ID:  # a stack's name may have 128 characters
            statement_id = f"{resource_name[: _LONGEST_STATEMENT_ID - _SUFFIX]}{resource_name[-_SUFFIX:]}"
        call("lambda", region_name, "add_permission", {**given, "StatementId": statement_id})
        made = cls(region_name)
        made.physical_resource_id, made.function_name = statement_id, given["FunctionName"]
        return made

    def update(
        cls: Any,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> Any:
        made = cls.create_from_cloudformation_json(new_resource_name, cloudformation_json, account_id, region_name)
        original_resource.delete(account_id, region_name)
        return made

    def delete(self: Any, account_id: str, region_name: str) -> None:
        del account_id
        where = {"FunctionName": self.function_name, "StatementId": self.physical_resource_id}
        call_unless_gone("lambda", region_name, "remove_permission", **where)

    _replace(permission, create, update)
    permission.delete = delete
    permission.has_cfn_attr = classmethod(lambda _, attr: attr == "Id")
    permission.get_cfn_attribute = lambda self, _: self.physical_resource_id


def _roles() -> None:
    role: Any = models.Role
    moto_create: Callable[..., Any] = role.create_from_cloudformation_json.__func__
    moto_delete: Callable[..., Any] = role.delete_from_cloudformation_json

    def create(
        cls: Any, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **more: Any
    ) -> Any:
        made = moto_create(cls, resource_name, cloudformation_json, account_id, region_name, **more)
        given = cloudformation_json["Properties"]
        made.of_stack = given
        for arn in given.get("ManagedPolicyArns") or []:
            models.iam_backends[account_id]["aws"].attach_role_policy(arn, made.name)
        return made

    def update(
        cls: Any,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> Any:
        old, new = original_resource.of_stack, cloudformation_json["Properties"]
        if any(old.get(name) != new.get(name) for name in _REPLACING):
            made = cls.create_from_cloudformation_json(new_resource_name, cloudformation_json, account_id, region_name)
            original_resource.delete(account_id, region_name)
            return made
        _change(original_resource, old, new, models.iam_backends[account_id]["aws"])
        return original_resource

    def delete(self: Any, account_id: str, region_name: str) -> None:
        for policy in list(self.managed_policies.values()):
            policy.detach_from(self)
        moto_delete(self.name, {}, account_id, region_name)

    _replace(role, create, update)
    role.delete = delete


def _replace(resource: Any, create: Any, update: Any) -> None:
    resource.create_from_cloudformation_json = classmethod(create)
    resource.update_from_cloudformation_json = classmethod(update)


def _change(role: Any, old: Mapping[str, Any], new: Mapping[str, Any], backend: Any) -> None:
    """Makes a role what the new template says. What others gave it, an AWS::IAM::Policy for one, stays."""
    backend.update_assume_role_policy(role.name, _document(new["AssumeRolePolicyDocument"]))
    role.description = new.get("Description", "")
    role.max_session_duration = new.get("MaxSessionDuration", 3600)
    backend.put_role_permissions_boundary(role.name, new.get("PermissionsBoundary", ""))
    wanted = {each["PolicyName"]: each["PolicyDocument"] for each in new.get("Policies") or []}
    for each in old.get("Policies") or []:
        if each["PolicyName"] not in wanted:
            role.policies.pop(each["PolicyName"], None)
    for name, document in wanted.items():
        role.put_policy(name, _document(document))
    before, now = (set(given.get("ManagedPolicyArns") or []) for given in (old, new))
    for arn in now - before:
        backend.attach_role_policy(arn, role.name)
    for arn in (before - now) & set(role.managed_policies):
        backend.detach_role_policy(arn, role.name)
    role.of_stack = new


def _document(policy: Any) -> str:
    """A policy as JSON; YAML takes its version for a date."""
    if isinstance(policy, str):
        return policy
    return json.dumps(policy, default=lambda value: value.isoformat() if isinstance(value, date) else str(value))
