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

    def create(self, at: Place, given: dict[str, Any]) -> Made:
        name = self.named(at, given)
        settings = {key: given[key] for key in ("Path", "Description", "MaxSessionDuration", "PermissionsBoundary",
                                                "Tags") if key in given}  # fmt: skip
        trust = as_text(given["AssumeRolePolicyDocument"])
        role = at.call("iam", "CreateRole", RoleName=name, AssumeRolePolicyDocument=trust, **settings)["Role"]
        made = Made(name, {"Arn": role["Arn"], "RoleId": role["RoleId"]})
        with self.whole_or_gone(at, made, given):
            _policies(at, name, {}, given)
        return made

    def update(self, at: Place, made: Made, old: Properties, given: dict[str, Any]) -> Made:
        name = made.physical_id
        trust = as_text(given["AssumeRolePolicyDocument"])
        if trust != as_text(old["AssumeRolePolicyDocument"]):
            at.call("iam", "UpdateAssumeRolePolicy", RoleName=name, PolicyDocument=trust)
        changed = [key for key in ("Description", "MaxSessionDuration") if given.get(key) != old.get(key)]
        if changed:
            wanted = {"Description": given.get("Description", ""), "MaxSessionDuration": given.get(
                "MaxSessionDuration", 3600)}  # fmt: skip
            at.call("iam", "UpdateRole", RoleName=name, **wanted)
        if given.get("PermissionsBoundary") != old.get("PermissionsBoundary"):
            if given.get("PermissionsBoundary"):
                at.call("iam", "PutRolePermissionsBoundary", RoleName=name,
                        PermissionsBoundary=given["PermissionsBoundary"])  # fmt: skip
            else:
                at.call("iam", "DeleteRolePermissionsBoundary", RoleName=name)
        set_tags(at, "iam", old, given, verbs=("UntagRole", "TagRole"), RoleName=name)
        _policies(at, name, old, given)
        return made

    def delete(self, at: Place, made: Made, given: Properties) -> None:
        which = {"RoleName": made.physical_id}
        for policy in call_if_there(at, "iam", "ListRolePolicies", **which).get("PolicyNames", []):
            call_if_there(at, "iam", "DeleteRolePolicy", PolicyName=policy, **which)
        for policy in call_if_there(at, "iam", "ListAttachedRolePolicies", **which).get("AttachedPolicies", []):
            call_if_there(at, "iam", "DetachRolePolicy", PolicyArn=policy["PolicyArn"], **which)
        call_if_there(at, "iam", "DeleteRole", **which)


def _policies(at: Place, role: str, old: Properties, given: Properties) -> None:
    """Gives a role the policies of its template: Policies and ManagedPolicyArns."""
    which = {"RoleName": role}
    before, after = ({p["PolicyName"]: p["PolicyDocument"] for p in each.get("Policies") or []}
                     for each in (old, given))  # fmt: skip
    for policy in before.keys() - after.keys():
        call_if_there(at, "iam", "DeleteRolePolicy", PolicyName=policy, **which)
    for policy, document in after.items():
        if before.get(policy) != document:
            at.call("iam", "PutRolePolicy", PolicyName=policy, PolicyDocument=as_text(document), **which)
    had, has = (list(each.get("ManagedPolicyArns") or []) for each in (old, given))
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

    def create(self, at: Place, given: dict[str, Any]) -> Made:
        more = {key: given[key] for key in ("Path", "Description") if key in given}
        document = as_text(given["PolicyDocument"])
        made = at.call("iam", "CreatePolicy", PolicyName=self.named(at, given), PolicyDocument=document, **more)
        arn = made["Policy"]["Arn"]
        of_it = Made(arn, {"PolicyArn": arn, "PolicyId": made["Policy"]["PolicyId"]})
        with self.whole_or_gone(at, of_it, given):
            _hold(at, "Attach", {}, given, PolicyArn=arn)
        return of_it

    def update(self, at: Place, made: Made, old: Properties, given: dict[str, Any]) -> Made:
        arn = made.physical_id
        if given["PolicyDocument"] != old["PolicyDocument"]:
            self._forget_versions(at, arn)  # five at most
            document = as_text(given["PolicyDocument"])
            at.call("iam", "CreatePolicyVersion", PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)
        _hold(at, "Detach", given, old, PolicyArn=arn)
        _hold(at, "Attach", old, given, PolicyArn=arn)
        return made

    def delete(self, at: Place, made: Made, given: Properties) -> None:
        _hold(at, "Detach", {}, given, PolicyArn=made.physical_id)
        self._forget_versions(at, made.physical_id)
        call_if_there(at, "iam", "DeletePolicy", PolicyArn=made.physical_id)

    @staticmethod
    def _forget_versions(at: Place, arn: str) -> None:
        for version in call_if_there(at, "iam", "ListPolicyVersions", PolicyArn=arn).get("Versions", []):
            if not version["IsDefaultVersion"]:
                at.call("iam", "DeletePolicyVersion", PolicyArn=arn, VersionId=version["VersionId"])


class Policy(Kind):
    """AWS::IAM::Policy: written into the roles, users and groups that it names."""

    type = "AWS::IAM::Policy"
    replaced_by = frozenset({"PolicyName"})

    def create(self, at: Place, given: dict[str, Any]) -> Made:
        self._put(at, {}, given)
        return Made(at.generated_name(), {"Id": at.logical_id})

    def update(self, at: Place, made: Made, old: Properties, given: dict[str, Any]) -> Made:
        self._remove(at, given, old)
        self._put(at, old if old["PolicyDocument"] == given["PolicyDocument"] else {}, given)
        return made

    def delete(self, at: Place, made: Made, given: Properties) -> None:
        self._remove(at, {}, given)

    @staticmethod
    def _put(at: Place, already: Properties, given: Properties) -> None:
        document = as_text(given["PolicyDocument"])
        for holder, name in _held(already, given):
            which = {f"{holder}Name": name}
            at.call("iam", f"Put{holder}Policy", PolicyName=given["PolicyName"], PolicyDocument=document, **which)

    @staticmethod
    def _remove(at: Place, kept: Properties, given: Properties) -> None:
        for holder, name in _held(kept, given):
            which = {f"{holder}Name": name}
            call_if_there(at, "iam", f"Delete{holder}Policy", PolicyName=given["PolicyName"], **which)


def _held(already: Properties, given: Properties) -> Iterable[tuple[str, str]]:
    for key, holder in _HOLDERS:
        for name in _without(list(given.get(key) or []), list(already.get(key) or [])):
            yield holder, name


def _hold(at: Place, verb: str, already: Properties, given: Properties, **which: str) -> None:
    """Attaches a policy to, or detaches it from, the owners that are in `given` but not in `already`."""
    for holder, name in _held(already, given):
        with contextlib.suppress(ResourceFailed) if verb == "Detach" else contextlib.nullcontext():
            at.call("iam", f"{verb}{holder}Policy", **{f"{holder}Name": name}, **which)


def _without(some: list[str], others: list[str]) -> list[str]:
    """The members of `some` that are not in `others`, each once."""
    return [each for each in dict.fromkeys(some) if each not in others]


class InstanceProfile(Kind):
    """AWS::IAM::InstanceProfile."""

    type, name, name_limit = "AWS::IAM::InstanceProfile", "InstanceProfileName", 128

    def create(self, at: Place, given: dict[str, Any]) -> Made:
        name = self.named(at, given)
        more = {"Path": given["Path"]} if "Path" in given else {}
        found = at.call("iam", "CreateInstanceProfile", InstanceProfileName=name, **more)["InstanceProfile"]
        made = Made(name, {"Arn": found["Arn"]})
        with self.whole_or_gone(at, made, given):
            return self.update(at, made, {}, given)

    def update(self, at: Place, made: Made, old: Properties, given: dict[str, Any]) -> Made:
        had, has, which = list(old.get("Roles") or []), list(given["Roles"]), {"InstanceProfileName": made.physical_id}
        for role in _without(had, has):
            call_if_there(at, "iam", "RemoveRoleFromInstanceProfile", RoleName=role, **which)
        for role in _without(has, had):
            at.call("iam", "AddRoleToInstanceProfile", RoleName=role, **which)
        return made

    def delete(self, at: Place, made: Made, given: Properties) -> None:
        which = {"InstanceProfileName": made.physical_id}
        for role in given["Roles"]:
            call_if_there(at, "iam", "RemoveRoleFromInstanceProfile", RoleName=role, **which)
        call_if_there(at, "iam", "DeleteInstanceProfile", **which)


class UserPool(ByCalls):
    """AWS::Cognito::UserPool."""

    type, service, name, name_limit = "AWS::Cognito::UserPool", "cognito-idp", "UserPoolName", 128
    created_by, deleted_by = "CreateUserPool", "DeleteUserPool"
    ids, ref, renamed = {"UserPoolId": "Id"}, "Id", {"UserPoolName": "PoolName"}
    gives = {"Arn": "Arn", "UserPoolId": "Id"}

    def create(self, at: Place, given: dict[str, Any]) -> Made:
        made = super().create(at, given)
        issuer = f"cognito-idp.{at.region}.amazonaws.com/{made.physical_id}"
        made.attributes |= {"ProviderName": issuer, "ProviderURL": f"https://{issuer}"}
        return made


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
