"""CloudFormation's own: stacks in stacks, custom resources made by a function of yours."""

# ruff: noqa: ARG002 - the methods of all kinds have the same signature; the base class says ClassVar
from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from serverless_cloud.core.clients import client
from serverless_cloud.stacks.errors import ResourceFailed, UnsupportedResource
from serverless_cloud.stacks.intrinsics import texts
from serverless_cloud.stacks.kinds.base import HandlerError, Kind, Made, Place, Properties, call_if_there
from serverless_cloud.stacks.template import CDK_METADATA

_ALL = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
_LIMIT_S = 3600.0


class NestedStack(Kind):
    """AWS::CloudFormation::Stack."""

    type = "AWS::CloudFormation::Stack"
    refused = ("NotificationARNs",)

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        name = at.generated_name(128)
        id = at.call("cloudformation", "CreateStack", StackName=name, Capabilities=_ALL, DisableRollback=True,
                     **self._settings(properties))["StackId"]  # fmt: skip
        resource = Made(id)
        with self.whole_or_gone(at, resource, properties):
            return self._settled(at, resource)

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        try:
            at.call("cloudformation", "UpdateStack", StackName=resource.physical_id, Capabilities=_ALL,
                    **self._settings(properties))  # fmt: skip
        except HandlerError as error:
            if "No updates are to be performed" not in str(error):
                raise
            return resource
        return self._settled(at, resource)

    def delete(self, at: Place, resource: Made, properties: Properties) -> None:
        at.call("cloudformation", "DeleteStack", StackName=resource.physical_id)

        def is_deleted() -> bool:
            stack = at.call("cloudformation", "DescribeStacks", StackName=resource.physical_id)["Stacks"][0]
            if stack["StackStatus"] == "DELETE_FAILED":
                raise ResourceFailed(
                    f"Embedded stack {resource.physical_id} was not deleted: {stack['StackStatusReason']}"
                )
            return bool(stack["StackStatus"] == "DELETE_COMPLETE")

        at.wait(is_deleted, f"the stack {resource.physical_id} is deleted", 600.0)

    @staticmethod
    def _settings(properties: Properties) -> dict[str, Any]:
        parameters = [
            {"ParameterKey": name, "ParameterValue": ",".join(value) if isinstance(value, list) else str(value)}
            for name, value in (properties.get("Parameters") or {}).items()
        ]
        more = {"Tags": properties["Tags"]} if properties.get("Tags") else {}
        return {"TemplateURL": properties["TemplateURL"], "Parameters": parameters, **more}

    @staticmethod
    def _settled(at: Place, resource: Made) -> Made:
        stack: dict[str, Any] = {}

        def done() -> bool:
            stack.update(at.call("cloudformation", "DescribeStacks", StackName=resource.physical_id)["Stacks"][0])
            return not stack["StackStatus"].endswith("_IN_PROGRESS")

        at.wait(done, f"the stack {resource.physical_id} is complete", 600.0)
        if stack["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            events = at.call("cloudformation", "DescribeStackEvents", StackName=resource.physical_id)["StackEvents"]
            failed = [event for event in events if event["ResourceStatus"].endswith("_FAILED")]
            why = f"{failed[0]['LogicalResourceId']}: {failed[0].get('ResourceStatusReason')}" if failed else ""
            raise ResourceFailed(
                f"Embedded stack {resource.physical_id} was not successfully created or updated. Currently in "
                f"{stack['StackStatus']} with reason: {why}"
            )
        outputs = {f"Outputs.{output['OutputKey']}": output["OutputValue"] for output in stack.get("Outputs", [])}
        return Made(resource.physical_id, outputs)


class Custom(Kind):
    """AWS::CloudFormation::CustomResource and Custom::anything: a function makes it.

    The function answers, as on AWS, by a PUT to a signed URL of S3.
    """

    type = "AWS::CloudFormation::CustomResource"

    def __init__(self, type: str = "") -> None:
        self.type_name = type or self.type

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        return self._request(at, "Create", properties, {})

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        more = {"PhysicalResourceId": resource.physical_id, "OldResourceProperties": texts(old)}
        changed = self._request(at, "Update", properties, more)
        if changed.physical_id != resource.physical_id:  # another id means another resource: the old one goes
            self.delete(at, resource, old)
        return changed

    def delete(self, at: Place, resource: Made, properties: Properties) -> None:
        self._request(at, "Delete", properties, {"PhysicalResourceId": resource.physical_id})

    def checked(self, properties: Properties) -> dict[str, Any]:
        token = str(properties.get("ServiceToken", ""))
        if ":lambda:" not in token:
            raise UnsupportedResource(f"ServiceToken {token!r} of {self.type_name}, which is not the ARN of a function")
        return dict(properties)

    def _request(self, at: Place, kind: str, properties: Properties, more: Mapping[str, Any]) -> Made:
        bucket, key = f"cloudformation-custom-resource-{uuid.uuid4().hex[:16]}", "answer"
        at.call("s3", "CreateBucket", Bucket=bucket)
        try:
            s3 = client("s3", "us-east-1")
            url = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=7200)
            request_id = str(uuid.uuid4())
            event = {
                "RequestType": kind, "ServiceToken": properties["ServiceToken"], "ResponseURL": url,
                "StackId": at.stack_id, "RequestId": request_id, "LogicalResourceId": at.logical_id,
                "ResourceType": self.type_name, "ResourceProperties": texts(properties), **more,
            }  # fmt: skip
            at.call("lambda", "Invoke", FunctionName=properties["ServiceToken"], InvocationType="Event",
                    Payload=json.dumps(event).encode())  # fmt: skip
            answer = self._answer(at, bucket, key, float(properties.get("ServiceTimeout", _LIMIT_S / at.time_scale)))
        finally:
            call_if_there(at, "s3", "DeleteObject", Bucket=bucket, Key=key)
            call_if_there(at, "s3", "DeleteBucket", Bucket=bucket)
        if answer.get("Status") != "SUCCESS":
            raise ResourceFailed(f"Received response status [FAILED] from custom resource. Message returned: "
                                 f"{answer.get('Reason', '')} (RequestId: {request_id})")  # fmt: skip
        id = str(answer.get("PhysicalResourceId") or more.get("PhysicalResourceId") or at.generated_name())
        return Made(id, dict(answer.get("Data") or {}))

    @staticmethod
    def _answer(at: Place, bucket: str, key: str, limit_s: float) -> dict[str, Any]:
        answer: dict[str, Any] = {}

        def answered() -> bool:
            there = call_if_there(at, "s3", "GetObject", Bucket=bucket, Key=key)
            if there:
                answer.update(json.loads(there["Body"].read()))
            return bool(there)

        at.wait(answered, "CloudFormation did not receive a response from your Custom Resource", limit_s)
        return answer


class Metadata(Kind):
    """AWS::CDK::Metadata, which makes nothing."""

    type = CDK_METADATA

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        return Made(str(uuid.uuid4()))

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        return resource

    def delete(self, at: Place, resource: Made, properties: Properties) -> None:
        """There is nothing to delete."""


class Handle(Kind):
    """AWS::CloudFormation::WaitConditionHandle: nothing, to begin with; templates use it as a place-holder."""

    type = "AWS::CloudFormation::WaitConditionHandle"

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        return Made(f"https://cloudformation-waitcondition-{at.region}.s3.amazonaws.com/{uuid.uuid4()}")

    def delete(self, at: Place, resource: Made, properties: Properties) -> None:
        """There is nothing to delete."""


KINDS: tuple[Kind, ...] = (NestedStack(), Handle(), Metadata())
