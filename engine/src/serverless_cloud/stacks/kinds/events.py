"""The resource types of EventBridge, Scheduler, Pipes, Step Functions and Batch."""

# ruff: noqa: ARG002, RUF012 - the methods of all kinds have the same signature; the base class says ClassVar
from __future__ import annotations

import json
import re
from typing import Any

from serverless_cloud.core.clients import client
from serverless_cloud.stacks.documents import parse
from serverless_cloud.stacks.errors import ResourceFailed
from serverless_cloud.stacks.kinds.api_documents import text_in_bucket
from serverless_cloud.stacks.kinds.base import ByCalls, Kind, Made, Place, Properties, as_text, call_if_there, fitted


class Rule(Kind):
    """AWS::Events::Rule."""

    type, name = "AWS::Events::Rule", "Name"

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        name, bus = self.named(at, properties), properties.get("EventBusName", "default")
        which = {"Rule": name, "EventBusName": bus}
        arn = self._put(at, name, properties)
        # Ref of a rule on your own bus is BUS|RULE. Source: AWS::Events::Rule, return values.
        own_bus = bus.rsplit("/", 1)[-1]
        resource = Made(name if own_bus == "default" else f"{own_bus}|{name}", {"Arn": arn, "RuleName": name}, which)
        with self.whole_or_gone(at, resource, properties):
            self._targets(at, resource, [], properties.get("Targets") or [])
        return resource

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        self._put(at, resource.own["Rule"], properties)
        self._targets(at, resource, old.get("Targets") or [], properties.get("Targets") or [])
        return resource

    def delete(self, at: Place, resource: Made, properties: Properties) -> None:
        there = call_if_there(at, "events", "ListTargetsByRule", **resource.own).get("Targets", [])
        if there:
            call_if_there(at, "events", "RemoveTargets", Ids=[target["Id"] for target in there], **resource.own)
        call_if_there(at, "events", "DeleteRule", Name=resource.own["Rule"], EventBusName=resource.own["EventBusName"])

    @staticmethod
    def _put(at: Place, name: str, properties: Properties) -> str:
        keys = ("Description", "EventBusName", "RoleArn", "ScheduleExpression", "State", "Tags")
        settings = {key: properties[key] for key in keys if key in properties}
        if "EventPattern" in properties:
            settings["EventPattern"] = as_text(properties["EventPattern"])
        return str(at.call("events", "PutRule", Name=name, **settings)["RuleArn"])

    def _targets(self, at: Place, resource: Made, before: list[Any], after: list[Any]) -> None:
        new_ids = {target["Id"] for target in after}
        if old_ids := [target["Id"] for target in before if target["Id"] not in new_ids]:
            call_if_there(at, "events", "RemoveTargets", Ids=old_ids, **resource.own)
        if not after:
            return
        shape = client("events", at.region).meta.service_model.operation_model("PutTargets").input_shape
        targets = fitted(shape.members["Targets"], after, self.type)
        answer = at.call("events", "PutTargets", Targets=targets, **resource.own)
        for entry in answer.get("FailedEntries") or []:
            raise ResourceFailed(f"Target {entry.get('TargetId')}: {entry.get('ErrorMessage')}")


class EventBus(ByCalls):
    """AWS::Events::EventBus."""

    type, service, name, name_limit = "AWS::Events::EventBus", "events", "Name", 256
    created_by, updated_by, deleted_by = "CreateEventBus", "UpdateEventBus", "DeleteEventBus"
    ids, ref, gives = {"Name": "Name"}, "Name", {"Arn": "EventBusArn", "Name": "Name"}
    refused = ("Policy",)

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        properties = {"Description": ""} | properties if "Description" in old else properties
        return super().update(at, resource, old, properties)


class Schedule(ByCalls):
    """AWS::Scheduler::Schedule."""

    type, service, name = "AWS::Scheduler::Schedule", "scheduler", "Name"
    created_by, updated_by, deleted_by = "CreateSchedule", "UpdateSchedule", "DeleteSchedule"
    ids, ref, gives = {"Name": "Name", "GroupName": "GroupName"}, "Name", {"Arn": "ScheduleArn"}
    replaced_by = frozenset({"GroupName"})
    whole = True

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        return super().create(at, {"GroupName": "default"} | properties)

    def is_replaced(self, old: Properties, new: Properties) -> bool:
        """A schedule in the group "default" doesn't have to say so."""
        of_group = {"GroupName": "default"}
        return super().is_replaced(of_group | dict(old), of_group | dict(new))


class Pipe(ByCalls):
    """AWS::Pipes::Pipe."""

    type, service, name = "AWS::Pipes::Pipe", "pipes", "Name"
    created_by, updated_by, deleted_by = "CreatePipe", "UpdatePipe", "DeletePipe"
    ids, ref, gives = {"Name": "Name"}, "Name", {"Arn": "Arn"}
    described_by, tags_as_map = "DescribePipe", True

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        resource = super().create(at, properties)
        with self.whole_or_gone(at, resource, properties):
            self._settle(at, resource)
        return resource

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        changed = super().update(at, resource, old, properties)
        self._settle(at, resource)
        return changed

    @staticmethod
    def _settle(at: Place, resource: Made) -> None:
        name = resource.physical_id

        def settled() -> bool:
            pipe = at.call("pipes", "DescribePipe", Name=name)
            if pipe["CurrentState"].endswith("_FAILED"):
                raise ResourceFailed(
                    f"Resource of type 'AWS::Pipes::Pipe' with identifier '{name}' did not stabilize. Status Reason "
                    f"is {pipe.get('StateReason')}"
                )
            return pipe["CurrentState"] in ("RUNNING", "STOPPED")

        at.wait(settled, f"the pipe {name} runs")


class StateMachine(ByCalls):
    """AWS::StepFunctions::StateMachine."""

    type, service, name, name_limit = "AWS::StepFunctions::StateMachine", "stepfunctions", "StateMachineName", 80
    created_by, updated_by, deleted_by = "CreateStateMachine", "UpdateStateMachine", "DeleteStateMachine"
    described_by, ids, ref = "DescribeStateMachine", {"stateMachineArn": "stateMachineArn"}, "stateMachineArn"
    renamed = {"StateMachineName": "name", "StateMachineType": "type"}
    _of_definition = ("Definition", "DefinitionString", "DefinitionS3Location", "DefinitionSubstitutions")

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        name = self.named(at, properties)
        resource = super().create(at, self._with_definition(at, properties) | {"StateMachineName": name})
        return self._read(at, resource.own["stateMachineArn"])

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        arn = resource.physical_id
        settings = self._with_definition(at, properties)
        settings.pop("StateMachineName", None)
        settings.pop("StateMachineType", None)
        tags = settings.pop("Tags", None)
        if "LoggingConfiguration" in old:
            settings = {"LoggingConfiguration": {"Level": "OFF"}} | settings
        at.call("stepfunctions", "UpdateStateMachine", stateMachineArn=arn,
                **self.parameters(at, "UpdateStateMachine", settings))  # fmt: skip
        if tags != old.get("Tags"):
            if old.get("Tags"):
                at.call("stepfunctions", "UntagResource", resourceArn=arn, tagKeys=[t["Key"] for t in old["Tags"]])
            if tags:
                at.call("stepfunctions", "TagResource", resourceArn=arn,
                        tags=[{"key": tag["Key"], "value": tag["Value"]} for tag in tags])  # fmt: skip
        return self._read(at, arn)

    @staticmethod
    def _read(at: Place, arn: str) -> Made:
        state_machine = at.call("stepfunctions", "DescribeStateMachine", stateMachineArn=arn)
        attributes = {
            "Arn": arn,
            "Name": state_machine["name"],
            "StateMachineRevisionId": state_machine.get("revisionId", "INITIAL"),
        }
        return Made(arn, attributes, {"stateMachineArn": arn})

    def _with_definition(self, at: Place, properties: Properties) -> dict[str, Any]:
        rest = {name: value for name, value in properties.items() if name not in self._of_definition}
        sources = [name for name in self._of_definition[:3] if name in properties]
        if len(sources) != 1:
            raise ResourceFailed(
                "Invalid request provided: Exactly one of Definition, DefinitionString and DefinitionS3Location is "
                "needed"
            )
        text = as_text(properties[sources[0]])
        if sources[0] == "DefinitionS3Location":
            text = text_in_bucket(at, properties["DefinitionS3Location"])
            if not text.lstrip().startswith("{"):
                text = json.dumps(parse(text))  # a definition in a file may be YAML
        return rest | {"definition": _substituted(text, properties.get("DefinitionSubstitutions") or {})}


def _substituted(text: str, values: Properties) -> str:
    """A definition with its ${names} filled in. Names without a value stay, as they may be for something else."""

    def replaced(match: re.Match[str]) -> str:
        if match[1] not in values:
            return match[0]
        value = values[match[1]]
        return json.dumps(value) if isinstance(value, (bool, dict, list)) else json.dumps(str(value))[1:-1]

    return re.sub(r"\$\{([A-Za-z0-9_-]+)\}", replaced, text)


class ComputeEnvironment(ByCalls):
    """AWS::Batch::ComputeEnvironment."""

    type, service, name = "AWS::Batch::ComputeEnvironment", "batch", "ComputeEnvironmentName"
    created_by, deleted_by = "CreateComputeEnvironment", "DeleteComputeEnvironment"
    ids, ref = {"computeEnvironment": "computeEnvironmentArn"}, "computeEnvironmentArn"
    gives = {"ComputeEnvironmentArn": "computeEnvironmentArn"}
    refused = ("UpdatePolicy", "Context")

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        properties.pop("ReplaceComputeEnvironment", None)  # here a change always makes a new one
        resource = super().create(at, properties)
        _valid(at, "computeEnvironments", resource.physical_id)
        return resource

    def delete(self, at: Place, resource: Made, properties: Properties) -> None:
        _disable(at, "ComputeEnvironment", "computeEnvironments", resource.physical_id)
        super().delete(at, resource, properties)


class JobQueue(ByCalls):
    """AWS::Batch::JobQueue."""

    type, service, name = "AWS::Batch::JobQueue", "batch", "JobQueueName"
    created_by, updated_by, deleted_by = "CreateJobQueue", "UpdateJobQueue", "DeleteJobQueue"
    ids, ref, gives = {"jobQueue": "jobQueueArn"}, "jobQueueArn", {"JobQueueArn": "jobQueueArn"}

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        resource = super().create(at, properties)
        _valid(at, "jobQueues", resource.physical_id)
        return resource

    def delete(self, at: Place, resource: Made, properties: Properties) -> None:
        _disable(at, "JobQueue", "jobQueues", resource.physical_id)
        super().delete(at, resource, properties)
        at.wait(
            lambda: not at.call("batch", "DescribeJobQueues", jobQueues=[resource.physical_id])["jobQueues"],
            "the job queue is deleted",
        )


def _valid(at: Place, plural: str, arn: str) -> None:
    operation = f"Describe{plural[0].upper()}{plural[1:]}"

    def settled() -> bool:
        (description,) = at.call("batch", operation, **{plural: [arn]})[plural]
        if description["status"] == "INVALID":
            raise ResourceFailed(f"Resource {arn} is INVALID: {description.get('statusReason')}")
        return bool(description["status"] == "VALID")

    at.wait(settled, f"{arn} is valid")


def _disable(at: Place, kind: str, plural: str, arn: str) -> None:
    """AWS deletes only what is disabled."""
    operation = f"Describe{plural[0].upper()}{plural[1:]}"
    if at.call("batch", operation, **{plural: [arn]})[plural]:
        which = kind[0].lower() + kind[1:]
        at.call("batch", f"Update{kind}", state="DISABLED", **{which: arn})
        _valid(at, plural, arn)


KINDS: tuple[Kind, ...] = (
    Rule(), EventBus(), Schedule(), Pipe(), StateMachine(), ComputeEnvironment(), JobQueue(),
    ByCalls(type="AWS::Scheduler::ScheduleGroup", service="scheduler", name="Name", created_by="CreateScheduleGroup",
            deleted_by="DeleteScheduleGroup", ids={"Name": "Name"}, ref="Name", gives={"Arn": "ScheduleGroupArn"}),
    # A change of a job definition registers a new revision.
    ByCalls(type="AWS::Batch::JobDefinition", service="batch", name="JobDefinitionName",
            created_by="RegisterJobDefinition", deleted_by="DeregisterJobDefinition",
            ids={"jobDefinition": "jobDefinitionArn"}, ref="jobDefinitionArn",
            gives={"JobDefinitionArn": "jobDefinitionArn"}, refused=("ResourceRetentionPolicy",),
            custom_name_may_stay=True),
)  # fmt: skip
