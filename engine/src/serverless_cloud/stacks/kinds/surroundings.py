"""Resources that tools and samples put around an application: image repositories and alarms."""

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


KINDS: tuple[Kind, ...] = (Repository(), Alarm())
