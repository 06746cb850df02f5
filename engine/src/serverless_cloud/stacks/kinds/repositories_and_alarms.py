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

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        name = self.named(at, properties)
        settings: dict[str, Any] = {"imageTagMutability": properties.get("ImageTagMutability", "MUTABLE")}
        if "ImageScanningConfiguration" in properties:
            settings["imageScanningConfiguration"] = {
                "scanOnPush": properties["ImageScanningConfiguration"]["ScanOnPush"]
            }
        if "Tags" in properties:
            settings["tags"] = properties["Tags"]
        repository = at.call("ecr", "CreateRepository", repositoryName=name, **settings)["repository"]
        resource = Made(name, {"Arn": repository["repositoryArn"], "RepositoryUri": repository["repositoryUri"]})
        with self.whole_or_gone(at, resource, properties):
            self._set_policies(at, name, {}, properties)
        return resource

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        for name in ("ImageTagMutability", "ImageScanningConfiguration", "Tags"):
            if old.get(name) != properties.get(name):
                raise UnsupportedResource(f"a change of {name} of {self.type}")
        self._set_policies(at, resource.physical_id, old, properties)
        return resource

    def delete(self, at: Place, resource: Made, properties: Properties) -> None:
        force = bool(properties.get("EmptyOnDelete"))
        call_if_there(at, "ecr", "DeleteRepository", repositoryName=resource.physical_id, force=force)

    @staticmethod
    def _set_policies(at: Place, name: str, old: Properties, properties: Properties) -> None:
        """Sets the policies that differ from the old ones, and deletes policies that the template has no more."""
        before, after = ((state.get("LifecyclePolicy") or {}).get("LifecyclePolicyText") for state in (old, properties))
        if after and after != before:
            at.call("ecr", "PutLifecyclePolicy", repositoryName=name, lifecyclePolicyText=after)
        elif before and not after:
            call_if_there(at, "ecr", "DeleteLifecyclePolicy", repositoryName=name)
        before, after = (state.get("RepositoryPolicyText") for state in (old, properties))
        if after and after != before:
            at.call("ecr", "SetRepositoryPolicy", repositoryName=name, policyText=as_text(after))
        elif before and not after:
            call_if_there(at, "ecr", "DeleteRepositoryPolicy", repositoryName=name)


class Alarm(ByCalls):
    """AWS::CloudWatch::Alarm. CloudWatch keeps it, and nothing evaluates it."""

    type, service, name, name_limit = "AWS::CloudWatch::Alarm", "cloudwatch", "AlarmName", 255
    created_by = updated_by = "PutMetricAlarm"
    deleted_by, ids, ref, whole = "DeleteAlarms", {"AlarmName": "AlarmName"}, "AlarmName", True

    def resource(self, at: Place, own: dict[str, Any]) -> Made:
        resource = super().resource(at, own)
        resource.attributes["Arn"] = at.arn("cloudwatch", f"alarm:{resource.physical_id}")
        return resource

    def delete(self, at: Place, resource: Made, properties: Properties) -> None:
        call_if_there(at, "cloudwatch", "DeleteAlarms", AlarmNames=[resource.physical_id])


KINDS: tuple[Kind, ...] = (Repository(), Alarm())
