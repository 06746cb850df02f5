"""Sends a rule's events to its targets, with their inputs, retries and dead-letter queues. No moto.

Rules: Amazon EventBridge User Guide, "How EventBridge retries delivering events" and "Using dead-letter queues to
process undelivered events".
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.events import input as eventbridge_input, targets
from serverless_cloud.events.retry import Deliveries, Delivery, RetryPolicy
from serverless_cloud.events.router import Arrival, Rule, Rules
from serverless_cloud.events.targets import Target, TargetFailed
from serverless_cloud.workflows.parameter_names import compact

if TYPE_CHECKING:
    from serverless_cloud.plane import DataPlane

PRINCIPAL: targets.Principal = "events.amazonaws.com"
MOST_TARGETS = 5  # EventBridge quotas: targets of a rule
_NEEDS_A_ROLE = ("states", "kinesis")
_NOT_HONOURED = ("RunCommandParameters", "EcsParameters", "HttpParameters", "RedshiftDataParameters",
                 "SageMakerPipelineParameters", "AppSyncParameters", "BatchParameters")  # fmt: skip
#: Services whose resources AWS takes as targets ("automation": the built-in ones). The local cloud serves some of them.
_SERVICES_OF_AWS = frozenset((
    "appsync", "automation", "batch", "codebuild", "codepipeline", "ec2", "ecs", "events", "execute-api", "firehose",
    "glue", "imagebuilder", "inspector", "kinesis", "lambda", "logs", "redshift", "redshift-serverless", "sagemaker",
    "sns", "sqs", "ssm", "ssm-incidents", "states",
))  # fmt: skip


class InvalidTarget(ValueError):
    """A target is not what AWS takes (ValidationException)."""


def check_arn(target: JsonObject) -> None:
    """Raises InvalidTarget unless the ARN of a target has the form of an ARN."""
    arn = str(target.get("Arn"))
    if not arn.startswith("arn:") or arn.count(":") < 5:
        raise InvalidTarget(f"Parameter {arn} is not valid. Reason: Provided Arn is not in correct format.")


def check(target: JsonObject) -> None:
    """Raises unless a target of PutTargets can be used; its lengths, patterns, numbers and ARN have been checked.

    Raises:
        InvalidTarget: AWS refuses it.
        targets.UnsupportedTarget: the local cloud sends nothing to it.
    """
    name, arn = target.get("Id"), str(target.get("Arn"))
    if (owner := arn.split(":")[2]) not in _SERVICES_OF_AWS:
        raise InvalidTarget(f"{owner} is not a supported service for a target.")
    service = targets.service_of(arn)
    for parameter in _NOT_HONOURED:
        if target.get(parameter):
            raise targets.UnsupportedTarget(f"{arn} with {parameter}")
    if service in _NEEDS_A_ROLE and not target.get("RoleArn"):
        raise InvalidTarget(f"RoleArn is required for target {arn}.")
    if service == "sqs" and arn.endswith(".fifo") and not (target.get("SqsParameters") or {}).get("MessageGroupId"):
        raise InvalidTarget(f"Parameter(s) SqsParameters must be specified for target: {name}.")
    if service == "sns" and arn.endswith(".fifo"):
        raise InvalidTarget(
            f"Target {name} is the FIFO topic {arn}. EventBridge doesn't send to FIFO topics, so choose a standard "
            "topic."
        )
    if service == "events" and any(target.get(key) for key in ("Input", "InputPath", "InputTransformer")):
        raise InvalidTarget(f"Modifying the input for target {name} is not supported.")
    try:
        eventbridge_input.check(target)
    except eventbridge_input.InvalidInput as error:
        raise InvalidTarget(str(error)) from error
    queue = (target.get("DeadLetterConfig") or {}).get("Arn")
    if queue and (":sqs:" not in queue or queue.endswith(".fifo")):
        raise InvalidTarget(f"DeadLetterConfig of target {name} must name a standard SQS queue, not {queue}.")


class RuleTargets:
    """Takes events to the targets of rules.

    Args:
        rules: the rules as they are now: one that was deleted, or lost its target, is not served any more.
    """

    def __init__(self, plane: DataPlane, deliveries: Deliveries, rules: Rules) -> None:
        self._plane, self._deliveries, self._rules = plane, deliveries, rules

    def run(self, rule: Rule, arrival: Arrival) -> None:
        """Takes an event to all targets of a rule; returns at once."""
        for target in rule.targets:
            self._deliveries.submit(self._delivery(rule, dict(target), arrival))

    def _delivery(self, rule: Rule, target: JsonObject, arrival: Arrival) -> Delivery:
        return Delivery(
            send=lambda: targets.send(self._plane, _as_target(rule, target, arrival)),
            give_up=lambda failure, retries, condition: self._bury(rule, target, arrival, failure, retries, condition),
            policy=RetryPolicy.of(target.get("RetryPolicy")),
            is_wanted=lambda: self._is_there(rule, target),
        )

    def _is_there(self, rule: Rule, target: JsonObject) -> bool:
        parts = rule.arn.split("/")  # rule/NAME or rule/BUS/NAME
        now = self._rules(rule.account_id, rule.region, parts[1] if len(parts) == 3 else "default") or ()
        key = (target["Id"], target["Arn"])
        return any(key == (t["Id"], t["Arn"]) for one in now if one.arn == rule.arn for t in one.targets)

    def _bury(
        self,
        rule: Rule,
        target: JsonObject,
        arrival: Arrival,
        failure: TargetFailed,
        retries: int,
        condition: str,
    ) -> None:
        queue = (target.get("DeadLetterConfig") or {}).get("Arn")
        if not queue:
            print(f"{rule.arn} dropped an event, because {target['Arn']} did not accept it: {failure}", file=sys.stderr)
            return
        attributes = {
            "RULE_ARN": rule.arn,
            "TARGET_ARN": str(target["Arn"]),
            "ERROR_CODE": failure.code,
            "ERROR_MESSAGE": failure.message[:1024],
            "RETRY_ATTEMPTS": str(retries),
            "EXHAUSTED_RETRY_CONDITION": condition,
        }
        body = compact(arrival.event)
        try:
            targets.dead_letter(self._plane, queue, body, attributes, PRINCIPAL, rule.arn)
        except TargetFailed as error:
            print(
                f"{rule.arn} dropped an event, because its dead-letter queue {queue} failed: {error}", file=sys.stderr
            )


def _as_target(rule: Rule, target: JsonObject, arrival: Arrival) -> Target:
    return Target(
        arn=str(target["Arn"]),
        payload=eventbridge_input.text_for(target, arrival.event, rule.name, rule.arn, arrival.ingested_at),
        region=rule.region,
        account_id=rule.account_id,
        principal=PRINCIPAL,
        source_arn=rule.arn,
        role_arn=target.get("RoleArn"),
        parameters=_parameters(target, arrival),
        from_another_bus=arrival.from_another_bus,
    )


def _parameters(target: JsonObject, arrival: Arrival) -> JsonObject:
    parameters: JsonObject = dict(target.get("SqsParameters") or {})
    path = (target.get("KinesisParameters") or {}).get("PartitionKeyPath")
    key = eventbridge_input.at(arrival.event, path) if path else None
    parameters["PartitionKey"] = key if isinstance(key, str) else arrival.event["id"]
    return parameters
