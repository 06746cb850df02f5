"""IAM and Cognito: roles, policies, instance profiles, user pools."""

# ruff: noqa: ARG002, RUF012 - the methods of all kinds have the same signature; the base class says ClassVar
from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import Any

from serverless_cloud.stacks.errors import ResourceFailed
from serverless_cloud.stacks.kinds.base import ByCalls, Kind, Made, Place, Properties, as_text, call_if_there, set_tags

_HOLDERS = (("Roles", "Role"), ("Users", "User"), ("Groups", "Group"))


class Role(Kind):
    """AWS::IAM::Role."""

    type, name = "AWS::IAM::Role", "RoleName"

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        name = self.named(at, properties)
        settings = {key: properties[key] for key in ("Path", "Description", "MaxSessionDuration", "PermissionsBoundary",
                                                     "Tags") if key in properties}  # fmt: skip
        trust = as_text(properties["AssumeRolePolicyDocument"])
        role = at.call("iam", "CreateRole", RoleName=name, AssumeRolePolicyDocument=trust, **settings)["Role"]
        resource = Made(name, {"Arn": role["Arn"], "RoleId": role["RoleId"]})
        with self.whole_or_gone(at, resource, properties):
            _policies(at, name, {}, properties)
        return resource

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        name = resource.physical_id
        trust = as_text(properties["AssumeRolePolicyDocument"])
        if trust != as_text(old["AssumeRolePolicyDocument"]):
            at.call("iam", "UpdateAssumeRolePolicy", RoleName=name, PolicyDocument=trust)
        changed = [key for key in ("Description", "MaxSessionDuration") if properties.get(key) != old.get(key)]
        if changed:
            settings = {"Description": properties.get("Description", ""), "MaxSessionDuration": properties.get(
                "MaxSessionDuration", 3600)}  # fmt: skip
            at.call("iam", "UpdateRole", RoleName=name, **settings)
        if properties.get("PermissionsBoundary") != old.get("PermissionsBoundary"):
            if properties.get("PermissionsBoundary"):
                at.call("iam", "PutRolePermissionsBoundary", RoleName=name,
                        PermissionsBoundary=properties["PermissionsBoundary"])  # fmt: skip
            else:
                at.call("iam", "DeleteRolePermissionsBoundary", RoleName=name)
        set_tags(at, "iam", old, properties, verbs=("UntagRole", "TagRole"), RoleName=name)
        _policies(at, name, old, properties)
        return resource

    def delete(self, at: Place, resource: Made, properties: Properties) -> None:
        which = {"RoleName": resource.physical_id}
        for policy in call_if_there(at, "iam", "ListRolePolicies", **which).get("PolicyNames", []):
            call_if_there(at, "iam", "DeleteRolePolicy", PolicyName=policy, **which)
        for policy in call_if_there(at, "iam", "ListAttachedRolePolicies", **which).get("AttachedPolicies", []):
            call_if_there(at, "iam", "DetachRolePolicy", PolicyArn=policy["PolicyArn"], **which)
        call_if_there(at, "iam", "DeleteRole", **which)


def _policies(at: Place, role: str, old: Properties, properties: Properties) -> None:
    """Gives a role the policies of its template: Policies and ManagedPolicyArns."""
    which = {"RoleName": role}
    before, after = ({p["PolicyName"]: p["PolicyDocument"] for p in state.get("Policies") or []}
                     for state in (old, properties))  # fmt: skip
    for policy in before.keys() - after.keys():
        call_if_there(at, "iam", "DeleteRolePolicy", PolicyName=policy, **which)
    for policy, document in after.items():
        if before.get(policy) != document:
            at.call("iam", "PutRolePolicy", PolicyName=policy, PolicyDocument=as_text(document), **which)
    had, has = (list(state.get("ManagedPolicyArns") or []) for state in (old, properties))
    for arn in _without(has, had):
        if not arn.startswith("arn:"):
            raise ResourceFailed(f"ARN {arn} is not valid. ManagedPolicyArns of Role {role} takes only ARNs. SAM's "
                                 "Policies also take the names of AWS's own policies, but no policy of AWS has "
                                 "this name.")  # fmt: skip
    for arn in _without(had, has):
        call_if_there(at, "iam", "DetachRolePolicy", PolicyArn=arn, **which)
    for arn in _without(has, had):
        at.call("iam", "AttachRolePolicy", PolicyArn=arn, **which)


class ManagedPolicy(Kind):
    """AWS::IAM::ManagedPolicy."""

    type, name, name_limit = "AWS::IAM::ManagedPolicy", "ManagedPolicyName", 128

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        more = {key: properties[key] for key in ("Path", "Description") if key in properties}
        document = as_text(properties["PolicyDocument"])
        name = self.named(at, properties)
        policy = at.call("iam", "CreatePolicy", PolicyName=name, PolicyDocument=document, **more)["Policy"]
        arn = policy["Arn"]
        resource = Made(arn, {"PolicyArn": arn, "PolicyId": policy["PolicyId"]})
        with self.whole_or_gone(at, resource, properties):
            _hold(at, "Attach", {}, properties, PolicyArn=arn)
        return resource

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        arn = resource.physical_id
        if properties["PolicyDocument"] != old["PolicyDocument"]:
            self._forget_versions(at, arn)  # five at most
            document = as_text(properties["PolicyDocument"])
            at.call("iam", "CreatePolicyVersion", PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)
        _hold(at, "Detach", properties, old, PolicyArn=arn)
        _hold(at, "Attach", old, properties, PolicyArn=arn)
        return resource

    def delete(self, at: Place, resource: Made, properties: Properties) -> None:
        _hold(at, "Detach", {}, properties, PolicyArn=resource.physical_id)
        self._forget_versions(at, resource.physical_id)
        call_if_there(at, "iam", "DeletePolicy", PolicyArn=resource.physical_id)

    @staticmethod
    def _forget_versions(at: Place, arn: str) -> None:
        for version in call_if_there(at, "iam", "ListPolicyVersions", PolicyArn=arn).get("Versions", []):
            if not version["IsDefaultVersion"]:
                at.call("iam", "DeletePolicyVersion", PolicyArn=arn, VersionId=version["VersionId"])


class Policy(Kind):
    """AWS::IAM::Policy: written into the roles, users and groups that it names."""

    type = "AWS::IAM::Policy"
    replaced_by = frozenset({"PolicyName"})

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        self._put(at, {}, properties)
        return Made(at.generated_name(), {"Id": at.logical_id})

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        self._remove(at, properties, old)
        self._put(at, old if old["PolicyDocument"] == properties["PolicyDocument"] else {}, properties)
        return resource

    def delete(self, at: Place, resource: Made, properties: Properties) -> None:
        self._remove(at, {}, properties)

    @staticmethod
    def _put(at: Place, already: Properties, properties: Properties) -> None:
        document = as_text(properties["PolicyDocument"])
        for holder, name in _holders(already, properties):
            which = {f"{holder}Name": name}
            at.call("iam", f"Put{holder}Policy", PolicyName=properties["PolicyName"], PolicyDocument=document, **which)

    @staticmethod
    def _remove(at: Place, remainder: Properties, properties: Properties) -> None:
        for holder, name in _holders(remainder, properties):
            which = {f"{holder}Name": name}
            call_if_there(at, "iam", f"Delete{holder}Policy", PolicyName=properties["PolicyName"], **which)


def _holders(already: Properties, properties: Properties) -> Iterable[tuple[str, str]]:
    for key, holder in _HOLDERS:
        for name in _without(list(properties.get(key) or []), list(already.get(key) or [])):
            yield holder, name


def _hold(at: Place, verb: str, already: Properties, properties: Properties, **which: str) -> None:
    """Attaches a policy to, or detaches it from, the owners that are in `properties` but not in `already`."""
    for holder, name in _holders(already, properties):
        with contextlib.suppress(ResourceFailed) if verb == "Detach" else contextlib.nullcontext():
            at.call("iam", f"{verb}{holder}Policy", **{f"{holder}Name": name}, **which)


def _without(some: list[str], others: list[str]) -> list[str]:
    """The members of `some` that are not in `others`, each once."""
    return [member for member in dict.fromkeys(some) if member not in others]


class InstanceProfile(Kind):
    """AWS::IAM::InstanceProfile."""

    type, name, name_limit = "AWS::IAM::InstanceProfile", "InstanceProfileName", 128

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        name = self.named(at, properties)
        more = {"Path": properties["Path"]} if "Path" in properties else {}
        profile = at.call("iam", "CreateInstanceProfile", InstanceProfileName=name, **more)["InstanceProfile"]
        resource = Made(name, {"Arn": profile["Arn"]})
        with self.whole_or_gone(at, resource, properties):
            return self.update(at, resource, {}, properties)

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        had, has = list(old.get("Roles") or []), list(properties["Roles"])
        which = {"InstanceProfileName": resource.physical_id}
        for role in _without(had, has):
            call_if_there(at, "iam", "RemoveRoleFromInstanceProfile", RoleName=role, **which)
        for role in _without(has, had):
            at.call("iam", "AddRoleToInstanceProfile", RoleName=role, **which)
        return resource

    def delete(self, at: Place, resource: Made, properties: Properties) -> None:
        which = {"InstanceProfileName": resource.physical_id}
        for role in properties["Roles"]:
            call_if_there(at, "iam", "RemoveRoleFromInstanceProfile", RoleName=role, **which)
        call_if_there(at, "iam", "DeleteInstanceProfile", **which)


class UserPool(ByCalls):
    """AWS::Cognito::UserPool."""

    type, service, name, name_limit = "AWS::Cognito::UserPool", "cognito-idp", "UserPoolName", 128
    created_by, deleted_by = "CreateUserPool", "DeleteUserPool"
    ids, ref, renamed = {"UserPoolId": "Id"}, "Id", {"UserPoolName": "PoolName"}
    gives = {"Arn": "Arn", "UserPoolId": "Id"}

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        resource = super().create(at, properties)
        issuer = f"cognito-idp.{at.region}.amazonaws.com/{resource.physical_id}"
        resource.attributes |= {"ProviderName": issuer, "ProviderURL": f"https://{issuer}"}
        return resource


KINDS: tuple[Kind, ...] = (
    Role(),
    ManagedPolicy(),
    Policy(),
    InstanceProfile(),
    UserPool(),
    ByCalls(
        type="AWS::Cognito::UserPoolClient",
        service="cognito-idp",
        name="ClientName",
        name_limit=128,
        created_by="CreateUserPoolClient",
        updated_by="UpdateUserPoolClient",
        deleted_by="DeleteUserPoolClient",
        ids={"UserPoolId": "UserPoolId", "ClientId": "ClientId"},
        ref="ClientId",
        whole=True,
        gives={"ClientId": "ClientId", "ClientSecret": "ClientSecret", "Name": "ClientName"},
    ),
)
