"""Resources that tools and samples put around an application: image repositories, keys, alarms, parts of the logs."""

# ruff: noqa: ARG002 - the methods of all kinds have the same signature; the base class says ClassVar
from __future__ import annotations

from typing import Any

from serverless_cloud.stacks.errors import UnsupportedResource
from serverless_cloud.stacks.kinds.base import ByCalls, Kind, Made, Place, Properties, as_text, call_if_there


class Repository(Kind):
    """AWS::ECR::Repository. `cdk bootstrap` creates one for container images, which no function runs here."""

    type, name, name_limit, lower_case = "AWS::ECR::Repository", "RepositoryName", 256, True
    refused = ("ImageTagMutabilityExclusionFilters",)

    def create(self, at: Place, given: dict[str, Any]) -> Made:
        name = self.named(at, given)
        settings: dict[str, Any] = {"imageTagMutability": given.get("ImageTagMutability", "MUTABLE")}
        if "ImageScanningConfiguration" in given:
            settings["imageScanningConfiguration"] = {"scanOnPush": given["ImageScanningConfiguration"]["ScanOnPush"]}
        if "Tags" in given:
            settings["tags"] = given["Tags"]
        repository = at.call("ecr", "CreateRepository", repositoryName=name, **settings)["repository"]
        made = Made(name, {"Arn": repository["repositoryArn"], "RepositoryUri": repository["repositoryUri"]})
        with self.whole_or_gone(at, made, given):
            self._set_policies(at, name, {}, given)
        return made

    def update(self, at: Place, made: Made, old: Properties, given: dict[str, Any]) -> Made:
        for name in ("ImageTagMutability", "ImageScanningConfiguration", "Tags"):
            if old.get(name) != given.get(name):
                raise UnsupportedResource(f"a change of {name} of {self.type}")
        self._set_policies(at, made.physical_id, old, given)
        return made

    def delete(self, at: Place, made: Made, given: Properties) -> None:
        force = bool(given.get("EmptyOnDelete"))
        call_if_there(at, "ecr", "DeleteRepository", repositoryName=made.physical_id, force=force)

    @staticmethod
    def _set_policies(at: Place, name: str, old: Properties, given: Properties) -> None:
        """Sets the policies that differ from the old ones, and deletes policies that the template has no more."""
        before, after = ((each.get("LifecyclePolicy") or {}).get("LifecyclePolicyText") for each in (old, given))
        if after and after != before:
            at.call("ecr", "PutLifecyclePolicy", repositoryName=name, lifecyclePolicyText=after)
        elif before and not after:
            call_if_there(at, "ecr", "DeleteLifecyclePolicy", repositoryName=name)
        before, after = (each.get("RepositoryPolicyText") for each in (old, given))
        if after and after != before:
            at.call("ecr", "SetRepositoryPolicy", repositoryName=name, policyText=as_text(after))
        elif before and not after:
            call_if_there(at, "ecr", "DeleteRepositoryPolicy", repositoryName=name)


class Key(Kind):
    """AWS::KMS::Key."""

    type = "AWS::KMS::Key"
    refused = ("MultiRegion", "RotationPeriodInDays", "BypassPolicyLockoutSafetyCheck")

    def create(self, at: Place, given: dict[str, Any]) -> Made:
        names = ("Description", "KeySpec", "KeyUsage", "Origin")
        settings: dict[str, Any] = {name: given[name] for name in names if name in given}
        if "KeyPolicy" in given:
            settings["Policy"] = as_text(given["KeyPolicy"])
        tags = [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in given.get("Tags") or []]
        key = at.call("kms", "CreateKey", Tags=tags, **settings)["KeyMetadata"]
        made = Made(key["KeyId"], {"Arn": key["Arn"], "KeyId": key["KeyId"]})
        with self.whole_or_gone(at, made, given):
            self._switch(at, made, given)
        return made

    def update(self, at: Place, made: Made, old: Properties, given: dict[str, Any]) -> Made:
        for name in ("Tags", "KeySpec", "KeyUsage", "Origin"):
            if old.get(name) != given.get(name):
                raise UnsupportedResource(f"a change of {name} of {self.type}")
        if old.get("Description") != given.get("Description"):
            description = given.get("Description", "")
            at.call("kms", "UpdateKeyDescription", KeyId=made.physical_id, Description=description)
        if "KeyPolicy" in given and old.get("KeyPolicy") != given["KeyPolicy"]:
            policy = as_text(given["KeyPolicy"])
            at.call("kms", "PutKeyPolicy", KeyId=made.physical_id, PolicyName="default", Policy=policy)
        self._switch(at, made, given)
        return made

    def delete(self, at: Place, made: Made, given: Properties) -> None:
        days = given.get("PendingWindowInDays", 30)
        call_if_there(at, "kms", "ScheduleKeyDeletion", KeyId=made.physical_id, PendingWindowInDays=int(days))

    @staticmethod
    def _switch(at: Place, made: Made, given: Properties) -> None:
        which = {"KeyId": made.physical_id}
        at.call("kms", "EnableKey" if given.get("Enabled", True) else "DisableKey", **which)
        at.call("kms", "EnableKeyRotation" if given.get("EnableKeyRotation") else "DisableKeyRotation", **which)


class Alarm(ByCalls):
    """AWS::CloudWatch::Alarm. CloudWatch keeps it, and nothing evaluates it."""

    type, service, name, name_limit = "AWS::CloudWatch::Alarm", "cloudwatch", "AlarmName", 255
    created_by = updated_by = "PutMetricAlarm"
    deleted_by, ids, ref, whole = "DeleteAlarms", {"AlarmName": "AlarmName"}, "AlarmName", True

    def made(self, at: Place, own: dict[str, Any]) -> Made:
        made = super().made(at, own)
        made.attributes["Arn"] = at.arn("cloudwatch", f"alarm:{made.physical_id}")
        return made

    def delete(self, at: Place, made: Made, given: Properties) -> None:
        call_if_there(at, "cloudwatch", "DeleteAlarms", AlarmNames=[made.physical_id])


class LogsResourcePolicy(ByCalls):
    """AWS::Logs::ResourcePolicy."""

    type, service, name = "AWS::Logs::ResourcePolicy", "logs", "PolicyName"
    created_by = updated_by = "PutResourcePolicy"
    deleted_by, ids, ref, whole = "DeleteResourcePolicy", {"policyName": "PolicyName"}, "PolicyName", True


class SubscriptionFilter(ByCalls):
    """AWS::Logs::SubscriptionFilter: a function gets the lines of a log group."""

    type, service, name, name_limit = "AWS::Logs::SubscriptionFilter", "logs", "FilterName", 512
    created_by = updated_by = "PutSubscriptionFilter"
    deleted_by, ids, ref = (
        "DeleteSubscriptionFilter",
        {"logGroupName": "LogGroupName", "filterName": "FilterName"},
        "FilterName",
    )
    # moto sends each line, whatever the pattern.
    refused = ("FilterPattern",)


KINDS: tuple[Kind, ...] = (
    Repository(), Key(), Alarm(), LogsResourcePolicy(), SubscriptionFilter(),
    ByCalls(type="AWS::KMS::Alias", service="kms", created_by="CreateAlias", updated_by="UpdateAlias",
            deleted_by="DeleteAlias", ids={"AliasName": "AliasName"}, ref="AliasName"),
    ByCalls(type="AWS::Logs::LogStream", service="logs", name="LogStreamName", name_limit=512,
            created_by="CreateLogStream", deleted_by="DeleteLogStream",
            ids={"logGroupName": "LogGroupName", "logStreamName": "LogStreamName"}, ref="LogStreamName"),
)  # fmt: skip
