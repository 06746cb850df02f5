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

    def create(self, at: Place, given: dict[str, Any]) -> Made:
        name = at.generated_name(128)
        id = at.call("cloudformation", "CreateStack", StackName=name, Capabilities=_ALL, DisableRollback=True,
                     **self._settings(given))["StackId"]  # fmt: skip
        made = Made(id)
        with self.whole_or_gone(at, made, given):
            return self._settled(at, made)

    def update(self, at: Place, made: Made, old: Properties, given: dict[str, Any]) -> Made:
        try:
            at.call("cloudformation", "UpdateStack", StackName=made.physical_id, Capabilities=_ALL,
                    **self._settings(given))  # fmt: skip
        except HandlerError as error:
            if "No updates are to be performed" not in str(error):
                raise
            return made
        return self._settled(at, made)

    def delete(self, at: Place, made: Made, given: Properties) -> None:
        at.call("cloudformation", "DeleteStack", StackName=made.physical_id)

        def gone() -> bool:
            stack = at.call("cloudformation", "DescribeStacks", StackName=made.physical_id)["Stacks"][0]
            if stack["StackStatus"] == "DELETE_FAILED":
                raise ResourceFailed(f"Embedded stack {made.physical_id} was not deleted: {stack['StackStatusReason']}")
            return bool(stack["StackStatus"] == "DELETE_COMPLETE")

        at.wait(gone, f"the stack {made.physical_id} is deleted", 600.0)

    @staticmethod
    def _settings(given: Properties) -> dict[str, Any]:
        parameters = [
            {"ParameterKey": name, "ParameterValue": ",".join(value) if isinstance(value, list) else str(value)}
            for name, value in (given.get("Parameters") or {}).items()
        ]
        more = {"Tags": given["Tags"]} if given.get("Tags") else {}
        return {"TemplateURL": given["TemplateURL"], "Parameters": parameters, **more}

    @staticmethod
    def _settled(at: Place, made: Made) -> Made:
        found: dict[str, Any] = {}

        def done() -> bool:
            found.update(at.call("cloudformation", "DescribeStacks", StackName=made.physical_id)["Stacks"][0])
            return not found["StackStatus"].endswith("_IN_PROGRESS")

        at.wait(done, f"the stack {made.physical_id} is complete", 600.0)
        if found["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            events = at.call("cloudformation", "DescribeStackEvents", StackName=made.physical_id)["StackEvents"]
            failed = [each for each in events if each["ResourceStatus"].endswith("_FAILED")]
            why = f"{failed[0]['LogicalResourceId']}: {failed[0].get('ResourceStatusReason')}" if failed else ""
            raise ResourceFailed(
                f"Embedded stack {made.physical_id} was not successfully created or updated. Currently in "
                f"{found['StackStatus']} with reason: {why}"
            )
        outputs = {f"Outputs.{each['OutputKey']}": each["OutputValue"] for each in found.get("Outputs", [])}
        return Made(made.physical_id, outputs)


class Custom(Kind):
    """AWS::CloudFormation::CustomResource and Custom::anything: a function makes it.

    The function answers, as on AWS, by a PUT to a signed URL of S3.
    """

    type = "AWS::CloudFormation::CustomResource"

    def __init__(self, type: str = "") -> None:
        self.shown = type or self.type

    def create(self, at: Place, given: dict[str, Any]) -> Made:
        return self._asked(at, "Create", given, {})

    def update(self, at: Place, made: Made, old: Properties, given: dict[str, Any]) -> Made:
        more = {"PhysicalResourceId": made.physical_id, "OldResourceProperties": texts(old)}
        changed = self._asked(at, "Update", given, more)
        if changed.physical_id != made.physical_id:  # another id means another resource: the old one goes
            self.delete(at, made, old)
        return changed

    def delete(self, at: Place, made: Made, given: Properties) -> None:
        self._asked(at, "Delete", given, {"PhysicalResourceId": made.physical_id})

    def checked(self, given: Properties) -> dict[str, Any]:
        token = str(given.get("ServiceToken", ""))
        if ":lambda:" not in token:
            raise UnsupportedResource(f"ServiceToken {token!r} of {self.shown}, which is not the ARN of a function")
        return dict(given)

    def _asked(self, at: Place, kind: str, given: Properties, more: Mapping[str, Any]) -> Made:
        bucket, key = f"cloudformation-custom-resource-{uuid.uuid4().hex[:16]}", "answer"
        at.call("s3", "CreateBucket", Bucket=bucket)
        try:
            s3 = client("s3", "us-east-1")
            url = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=7200)
            request_id = str(uuid.uuid4())
            event = {
                "RequestType": kind, "ServiceToken": given["ServiceToken"], "ResponseURL": url,
                "StackId": at.stack_id, "RequestId": request_id, "LogicalResourceId": at.logical_id,
                "ResourceType": self.shown, "ResourceProperties": texts(given), **more,
            }  # fmt: skip
            at.call("lambda", "Invoke", FunctionName=given["ServiceToken"], InvocationType="Event",
                    Payload=json.dumps(event).encode())  # fmt: skip
            answer = self._answer(at, bucket, key, float(given.get("ServiceTimeout", _LIMIT_S / at.time_scale)))
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
        found: dict[str, Any] = {}

        def answered() -> bool:
            there = call_if_there(at, "s3", "GetObject", Bucket=bucket, Key=key)
            if there:
                found.update(json.loads(there["Body"].read()))
            return bool(there)

        at.wait(answered, "CloudFormation did not receive a response from your Custom Resource", limit_s)
        return found


class Metadata(Kind):
    """AWS::CDK::Metadata, which makes nothing."""

    type = CDK_METADATA

    def create(self, at: Place, given: dict[str, Any]) -> Made:
        return Made(str(uuid.uuid4()))

    def update(self, at: Place, made: Made, old: Properties, given: dict[str, Any]) -> Made:
        return made

    def delete(self, at: Place, made: Made, given: Properties) -> None:
        """There is nothing to delete."""


class Handle(Kind):
    """AWS::CloudFormation::WaitConditionHandle: nothing, to begin with; templates use it as a place-holder."""

    type = "AWS::CloudFormation::WaitConditionHandle"

    def create(self, at: Place, given: dict[str, Any]) -> Made:
        return Made(f"https://cloudformation-waitcondition-{at.region}.s3.amazonaws.com/{uuid.uuid4()}")

    def delete(self, at: Place, made: Made, given: Properties) -> None:
        """There is nothing to delete."""


KINDS: tuple[Kind, ...] = (NestedStack(), Handle(), Metadata())
