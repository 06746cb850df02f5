"""IAM beside roles: users, groups, access keys, instance profiles, a role's policy that stands alone."""

# ruff: noqa: ARG002 - the methods of all kinds have the same signature
from __future__ import annotations

from typing import Any, ClassVar

from serverless_cloud.stacks.errors import ResourceFailed
from serverless_cloud.stacks.kinds.base import Kind, Made, Place, Properties, as_text, call_if_there
from serverless_cloud.stacks.kinds.identity import policies, without


class _Holder(Kind):
    """A user or a group: it has policies."""

    holder: ClassVar[str]

    def create(self, at: Place, given: dict[str, Any]) -> Made:
        name = self.named(at, given)
        settings = {key: given[key] for key in ("Path", "PermissionsBoundary", "Tags") if key in given}
        found = at.call("iam", f"Create{self.holder}", **{f"{self.holder}Name": name}, **settings)[self.holder]
        made = Made(name, {"Arn": found["Arn"]})
        try:
            self._settings(at, name, {}, given)
        except ResourceFailed:
            self.delete(at, made, given)
            raise
        return made

    def update(self, at: Place, made: Made, old: Properties, given: dict[str, Any]) -> Made:
        self._settings(at, made.physical_id, old, given)
        return made

    def delete(self, at: Place, made: Made, given: Properties) -> None:
        which = {f"{self.holder}Name": made.physical_id}
        for policy in call_if_there(at, "iam", f"List{self.holder}Policies", **which).get("PolicyNames", []):
            call_if_there(at, "iam", f"Delete{self.holder}Policy", PolicyName=policy, **which)
        attached = call_if_there(at, "iam", f"ListAttached{self.holder}Policies", **which)
        for policy in attached.get("AttachedPolicies", []):
            call_if_there(at, "iam", f"Detach{self.holder}Policy", PolicyArn=policy["PolicyArn"], **which)
        call_if_there(at, "iam", f"Delete{self.holder}", **which)

    def _settings(self, at: Place, name: str, old: Properties, given: Properties) -> None:
        policies(at, self.holder, name, old, given)


class User(_Holder):
    """AWS::IAM::User."""

    type, name, holder = "AWS::IAM::User", "UserName", "User"
    refused = ("LoginProfile",)
    replaced_by = frozenset({"Path", "PermissionsBoundary"})

    def delete(self, at: Place, made: Made, given: Properties) -> None:
        which = {"UserName": made.physical_id}
        for group in call_if_there(at, "iam", "ListGroupsForUser", **which).get("Groups", []):
            call_if_there(at, "iam", "RemoveUserFromGroup", GroupName=group["GroupName"], **which)
        super().delete(at, made, given)

    def _settings(self, at: Place, name: str, old: Properties, given: Properties) -> None:
        super()._settings(at, name, old, given)
        had, has = (list(each.get("Groups") or []) for each in (old, given))
        _join(at, "Remove", [(group, name) for group in without(had, has)])
        _join(at, "Add", [(group, name) for group in without(has, had)])
        if old and given.get("Tags") != old.get("Tags"):
            if old.get("Tags"):
                at.call("iam", "UntagUser", UserName=name, TagKeys=[tag["Key"] for tag in old["Tags"]])
            if given.get("Tags"):
                at.call("iam", "TagUser", UserName=name, Tags=given["Tags"])


class Group(_Holder):
    """AWS::IAM::Group."""

    type, name, name_limit, holder = "AWS::IAM::Group", "GroupName", 128, "Group"
    replaced_by = frozenset({"Path"})


class Members(Kind):
    """AWS::IAM::UserToGroupAddition."""

    type = "AWS::IAM::UserToGroupAddition"
    replaced_by = frozenset({"GroupName"})

    def create(self, at: Place, given: dict[str, Any]) -> Made:
        _join(at, "Add", [(given["GroupName"], user) for user in given["Users"]])
        return Made(at.generated_name(), {"Id": at.logical_id})

    def update(self, at: Place, made: Made, old: Properties, given: dict[str, Any]) -> Made:
        group = given["GroupName"]
        _join(at, "Remove", [(group, user) for user in without(old["Users"], given["Users"])])
        _join(at, "Add", [(group, user) for user in without(given["Users"], old["Users"])])
        return made

    def delete(self, at: Place, made: Made, given: Properties) -> None:
        _join(at, "Remove", [(given["GroupName"], user) for user in given["Users"]])


def _join(at: Place, verb: str, members: list[tuple[str, str]]) -> None:
    """Adds users to groups, or removes them."""
    for group, user in members:
        if verb == "Add":
            at.call("iam", "AddUserToGroup", GroupName=group, UserName=user)
        else:
            call_if_there(at, "iam", "RemoveUserFromGroup", GroupName=group, UserName=user)


class AccessKey(Kind):
    """AWS::IAM::AccessKey; Ref is its id."""

    type = "AWS::IAM::AccessKey"

    def create(self, at: Place, given: dict[str, Any]) -> Made:
        key = at.call("iam", "CreateAccessKey", UserName=given["UserName"])["AccessKey"]
        made = Made(key["AccessKeyId"], {"Id": key["AccessKeyId"], "SecretAccessKey": key["SecretAccessKey"]})
        return self.update(at, made, {}, given) if given.get("Status", "Active") != "Active" else made

    def update(self, at: Place, made: Made, old: Properties, given: dict[str, Any]) -> Made:
        status = given.get("Status", "Active")
        at.call("iam", "UpdateAccessKey", UserName=given["UserName"], AccessKeyId=made.physical_id, Status=status)
        return made

    def delete(self, at: Place, made: Made, given: Properties) -> None:
        call_if_there(at, "iam", "DeleteAccessKey", UserName=given["UserName"], AccessKeyId=made.physical_id)


class InstanceProfile(Kind):
    """AWS::IAM::InstanceProfile."""

    type, name, name_limit = "AWS::IAM::InstanceProfile", "InstanceProfileName", 128

    def create(self, at: Place, given: dict[str, Any]) -> Made:
        name = self.named(at, given)
        more = {"Path": given["Path"]} if "Path" in given else {}
        found = at.call("iam", "CreateInstanceProfile", InstanceProfileName=name, **more)["InstanceProfile"]
        made = Made(name, {"Arn": found["Arn"]})
        try:
            return self.update(at, made, {}, given)
        except ResourceFailed:
            self.delete(at, made, given)
            raise

    def update(self, at: Place, made: Made, old: Properties, given: dict[str, Any]) -> Made:
        had, has, which = list(old.get("Roles") or []), list(given["Roles"]), {"InstanceProfileName": made.physical_id}
        for role in without(had, has):
            call_if_there(at, "iam", "RemoveRoleFromInstanceProfile", RoleName=role, **which)
        for role in without(has, had):
            at.call("iam", "AddRoleToInstanceProfile", RoleName=role, **which)
        return made

    def delete(self, at: Place, made: Made, given: Properties) -> None:
        which = {"InstanceProfileName": made.physical_id}
        for role in given["Roles"]:
            call_if_there(at, "iam", "RemoveRoleFromInstanceProfile", RoleName=role, **which)
        call_if_there(at, "iam", "DeleteInstanceProfile", **which)


class RolePolicy(Kind):
    """AWS::IAM::RolePolicy: a policy that is written into one role."""

    type = "AWS::IAM::RolePolicy"

    def create(self, at: Place, given: dict[str, Any]) -> Made:
        self.update(at, Made(""), {}, given)
        return Made(f"{given['PolicyName']}|{given['RoleName']}")

    def update(self, at: Place, made: Made, old: Properties, given: dict[str, Any]) -> Made:
        document = as_text(given.get("PolicyDocument", {}))
        which = {"RoleName": given["RoleName"], "PolicyName": given["PolicyName"]}
        at.call("iam", "PutRolePolicy", PolicyDocument=document, **which)
        return made

    def delete(self, at: Place, made: Made, given: Properties) -> None:
        which = {"RoleName": given["RoleName"], "PolicyName": given["PolicyName"]}
        call_if_there(at, "iam", "DeleteRolePolicy", **which)


KINDS: tuple[Kind, ...] = (
    User(), Group(), Members(), AccessKey(), InstanceProfile(), RolePolicy(),
)  # fmt: skip
