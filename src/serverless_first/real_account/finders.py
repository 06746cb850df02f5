"""The finders of an owner's resources, kind by kind, in an order in which they can be removed."""

from __future__ import annotations

import re
from typing import NamedTuple

from serverless_first.real_account import finders_network, finders_own
from serverless_first.real_account.things import Finder, Kind


class Row(NamedTuple):
    """Kinds of resources that are looked for together.

    Attributes:
        title: the words for these kinds in messages.
        arns: a pattern for the ARNs of these kinds, with a service, or a service and its types of resources.
        find: the finder of these resources.
    """

    title: str
    arns: str
    find: Finder


# How a service lists a resource's tags: the call, its argument, the field for the argument, the response's key.
def _tags(argument: str, field: str, key: str) -> tuple[str, str, str, str]:
    return ("list_tags_for_resource", argument, field, key)


_OF_A_NETWORK = (
    "instance|vpc-endpoint|natgateway|network-interface|elastic-ip|internet-gateway|volume|subnet|route-table"
    "|network-acl|security-group|vpc"
)

#: Users come before what they use: callers and pollers, functions, proxies, databases, the network, logs, roles.
ORDER: tuple[Row, ...] = (
    Row("logs of stacks", "", finders_own.logs_of_stacks),
    Row("stacks", "cloudformation:stack", finders_own.stacks),
    Row("resources without tags", "lambda:layer", finders_own.noted),
    Row("schedule groups", "scheduler", Kind(  # which includes the schedules in it
        "schedule group", "scheduler", "list_schedule_groups", "ScheduleGroups", "Name",
        _tags("ResourceArn", "Arn", "Tags"),
        ("delete_schedule_group", "Name", "Name"), look="get_schedule_group",
    )),
    Row("rules", "events", finders_own.rules),
    Row("pipes", "pipes", Kind(
        "pipe", "pipes", "list_pipes", "Pipes", "Name", _tags("resourceArn", "Arn", "tags"),
        ("delete_pipe", "Name", "Name"), look="describe_pipe",
    )),
    Row("event source mappings", "lambda:event-source-mapping", finders_own.event_source_mappings),
    Row("REST APIs", "apigateway:/restapis", Kind(  # with their stages and caches
        "REST API", "apigateway", "get_rest_apis", "items", "name", "tags",
        ("delete_rest_api", "restApiId", "id"), id="id",
    )),
    Row("usage plans", "apigateway:/usageplans", Kind(
        "usage plan", "apigateway", "get_usage_plans", "items", "name", "tags",
        ("delete_usage_plan", "usagePlanId", "id"), id="id",
    )),
    Row("API keys", "apigateway:/apikeys", Kind(
        "API key", "apigateway", "get_api_keys", "items", "name", "tags", ("delete_api_key", "apiKey", "id"), id="id",
    )),
    Row("HTTP APIs", "apigateway:/apis", Kind(  # and WebSocket APIs
        "HTTP API", "apigatewayv2", "get_apis", "Items", "Name", "Tags", ("delete_api", "ApiId", "ApiId"), id="ApiId",
    )),
    Row("state machines", "states", Kind(  # which also stops its executions
        "state machine", "stepfunctions", "list_state_machines", "stateMachines", "name",
        _tags("resourceArn", "stateMachineArn", "tags"), ("delete_state_machine", "stateMachineArn", "stateMachineArn"),
    )),
    Row("activities", "states", Kind(
        "activity", "stepfunctions", "list_activities", "activities", "name",
        _tags("resourceArn", "activityArn", "tags"), ("delete_activity", "activityArn", "activityArn"),
    )),
    Row("job queues", "batch:job-queue", finders_own.disabled_first("job queue", "job_queue", "jobQueue")),
    Row("compute environments", "batch:compute-environment", finders_own.disabled_first(
        "compute environment", "compute_environment", "computeEnvironment"
    )),
    Row("job definitions", "batch:(job-definition|job)", Kind(  # jobs end by themselves
        "job definition", "batch", "describe_job_definitions", "jobDefinitions", "jobDefinitionArn", "tags",
        ("deregister_job_definition", "jobDefinition", "jobDefinitionArn"),
        arguments={"describe_job_definitions": {"status": "ACTIVE"}},
    )),
    Row("functions", "lambda:function", Kind(  # with their versions, aliases and URLs
        "function", "lambda", "list_functions", "Functions", "FunctionName",
        ("list_tags", "Resource", "FunctionArn", "Tags"), ("delete_function", "FunctionName", "FunctionName"),
    )),
    Row("proxies", "rds:db-proxy", Kind(
        "proxy", "rds", "describe_db_proxies", "DBProxies", "DBProxyName",
        _tags("ResourceName", "DBProxyArn", "TagList"),
        ("delete_db_proxy", "DBProxyName", "DBProxyName"), look="describe_db_proxies",
    )),
    Row("databases", "rds:db", Kind(
        "database", "rds", "describe_db_instances", "DBInstances", "DBInstanceIdentifier",
        _tags("ResourceName", "DBInstanceArn", "TagList"),
        ("delete_db_instance", "DBInstanceIdentifier", "DBInstanceIdentifier"), look="describe_db_instances",
        arguments={"delete_db_instance": {"SkipFinalSnapshot": True}},
    )),
    Row("snapshots", "rds:snapshot", Kind(
        "database snapshot", "rds", "describe_db_snapshots", "DBSnapshots", "DBSnapshotIdentifier", "TagList",
        ("delete_db_snapshot", "DBSnapshotIdentifier", "DBSnapshotIdentifier"),
        arguments={"describe_db_snapshots": {"SnapshotType": "manual"}},
    )),
    Row("parameter groups", "rds:pg", Kind(
        "parameter group", "rds", "describe_db_parameter_groups", "DBParameterGroups", "DBParameterGroupName",
        _tags("ResourceName", "DBParameterGroupArn", "TagList"),
        ("delete_db_parameter_group", "DBParameterGroupName", "DBParameterGroupName"), spared=r"default\..*",
    )),
    Row("subnet groups", "rds:subgrp", Kind(
        "subnet group", "rds", "describe_db_subnet_groups", "DBSubnetGroups", "DBSubnetGroupName",
        _tags("ResourceName", "DBSubnetGroupArn", "TagList"),
        ("delete_db_subnet_group", "DBSubnetGroupName", "DBSubnetGroupName"),
    )),
    Row("secrets", "secretsmanager", Kind(  # without a recovery window, in which the name would stay taken
        "secret", "secretsmanager", "list_secrets", "SecretList", "Name", "Tags", ("delete_secret", "SecretId", "ARN"),
        arguments={"delete_secret": {"ForceDeleteWithoutRecovery": True}},
    )),
    Row("parameters", "ssm:parameter", Kind(
        "parameter", "ssm", "describe_parameters", "Parameters", "Name", _tags("ResourceId", "Name", "TagList"),
        ("delete_parameter", "Name", "Name"), arguments={"list_tags_for_resource": {"ResourceType": "Parameter"}},
    )),
    Row("topics", "sns", Kind(  # with their subscriptions
        "topic", "sns", "list_topics", "Topics", "TopicArn", _tags("ResourceArn", "TopicArn", "Tags"),
        ("delete_topic", "TopicArn", "TopicArn"),
    )),
    Row("queues", "sqs", Kind(
        "queue", "sqs", "list_queues", "QueueUrls", "Name", ("list_queue_tags", "QueueUrl", "Name", "Tags"),
        ("delete_queue", "QueueUrl", "Name"),
    )),
    Row("event buses", "events", Kind(
        "event bus", "events", "list_event_buses", "EventBuses", "Name", _tags("ResourceARN", "Arn", "Tags"),
        ("delete_event_bus", "Name", "Name"), spared="default",
    )),
    Row("tables", "dynamodb", finders_own.tables),
    Row("streams", "kinesis", Kind(
        "stream", "kinesis", "list_streams", "StreamNames", "Name",
        ("list_tags_for_stream", "StreamName", "Name", "Tags"),
        ("delete_stream", "StreamName", "Name"), look="describe_stream_summary",
        arguments={"delete_stream": {"EnforceConsumerDeletion": True}},
    )),
    Row("buckets", "s3", finders_own.buckets),
    Row("network", f"ec2:({_OF_A_NETWORK})", finders_network.network),
    Row("alarms", "cloudwatch:alarm", finders_own.alarms),
    Row("log groups", "logs", finders_own.log_groups),
    Row("roles", "iam:role", finders_own.roles),
    Row("policies", "iam:policy", Kind(
        "policy", "iam", "list_policies", "Policies", "PolicyName", ("list_policy_tags", "PolicyArn", "Arn", "Tags"),
        ("delete_policy", "PolicyArn", "Arn"), arguments={"list_policies": {"Scope": "Local"}},
    )),
)  # fmt: skip

_ARNS = "|".join(sorted({row.arns.replace(":", r":[\w-]*:\d*:", 1) for row in ORDER if row.arns}))
_LISTED = re.compile(rf"arn:aws[\w-]*:({_ARNS})[:/]")


def is_looked_for(arn: str) -> bool:
    """Whether `ORDER` covers a resource's kind. Its service's own calls are more up to date than the tagging API."""
    return _LISTED.match(arn) is not None
