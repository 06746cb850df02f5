"""Finds an owner's resources of the kinds that take more than one call to list or to remove, but networks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from serverless_first.real_account.existing import log_group_of
from serverless_first.real_account.journal import Made
from serverless_first.real_account.owned import KEY, Account, as_mapping
from serverless_first.real_account.tagging import LEAVES_LOGS, UNTAGGABLE
from serverless_first.real_account.things import Finder, Thing, answer_of, code_of, is_gone

_RESOURCES = "StackResourceSummaries"

# Of resources of a stack: the type -> the call that a log group is noted by, and its field.
_WRITES_LOGS = {
    "AWS::Lambda::Function": ("lambda", "CreateFunction", "FunctionName"),
    "AWS::RDS::DBProxy": ("rds", "CreateDBProxy", "DBProxyName"),
}


def _stack(account: Account, stack_id: str) -> dict[str, Any] | None:
    """A stack as CloudFormation describes it; None when it is deleted."""
    try:
        (stack,) = account.client("cloudformation").describe_stacks(StackName=stack_id)["Stacks"]
    except ClientError as error:
        if code_of(error) == "ValidationError":  # CloudFormation's word for: there is none
            return None
        raise
    return None if stack["StackStatus"] == "DELETE_COMPLETE" else dict(stack)


def kept_by(account: Account, stack_id: str) -> Callable[[str], bool]:
    """Tells of an ARN with a stack's tag whether the stack is deleted and has kept it (DeletionPolicy: Retain).

    Raises:
        ClientError: CloudFormation does not say.
    """
    if _stack(account, stack_id) is not None:
        return lambda _: False
    try:
        listed = list(account.pages("cloudformation", "list_stack_resources", _RESOURCES, StackName=stack_id))
    except ClientError as error:  # of stacks that are gone for 90 days CloudFormation knows nothing more
        if code_of(error) != "ValidationError":
            raise
        return lambda _: True
    # The tagging API lists for a while what was deleted with the stack.
    deleted = {
        _last(resource.get("PhysicalResourceId", ""))
        for resource in listed
        if resource["ResourceStatus"] == "DELETE_COMPLETE"
    }
    return lambda arn: _last(arn) not in deleted


def _last(name: str) -> str:
    """The last part of an ARN, a URL or an id; a rule's id is its bus, | and its name."""
    return re.split("[:/|]", name.removesuffix(":*"))[-1]


def _stacks(account: Account) -> Iterator[dict[str, Any]]:
    for stack in account.pages("cloudformation", "describe_stacks", "Stacks"):
        ended = stack["StackStatus"] == "DELETE_COMPLETE"
        if account.owns(stack.get("Tags")) and not stack.get("ParentId") and not ended:
            yield stack


def logs_of_stacks(account: Account) -> Iterator[Thing]:
    """Finds nothing to remove, but notes a stack's functions while it still tells them: their logs have no tag.

    Raises:
        OSError: the journal does not take them; it knows them as long as this session lasts.
    """
    yield from ()
    logs = account.client("logs")
    unwritten: list[OSError] = []

    def note(stack_id: str, since_ms: float) -> None:
        for resource in account.pages("cloudformation", "list_stack_resources", _RESOURCES, StackName=stack_id):
            number = resource.get("PhysicalResourceId", "")
            if resource["ResourceType"] == "AWS::CloudFormation::Stack":
                note(number, since_ms)
            elif number and resource["ResourceType"] in _WRITES_LOGS:
                service, operation, field = _WRITES_LOGS[resource["ResourceType"]]
                name = log_group_of(operation, {field: number})
                for group in logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]:
                    if group["logGroupName"] == name and group["creationTime"] >= since_ms:  # else somebody's lines
                        try:
                            account.journal.add(Made(service, operation, {field: number}, True))
                        except OSError as error:
                            unwritten.append(error)

    for stack in _stacks(account):
        if stack["StackStatus"] != "REVIEW_IN_PROGRESS":
            note(stack["StackId"], stack["CreationTime"].timestamp() * 1000)
    if unwritten:
        raise unwritten[0]


def stacks(account: Account) -> Iterator[Thing]:
    """CloudFormation stacks; their resources go with them."""
    client = account.client("cloudformation")

    def is_deleted(stack_id: str) -> bool:
        stack = _stack(account, stack_id)
        if stack is not None and stack["StackStatus"] == "DELETE_FAILED":
            raise RuntimeError(f"DELETE_FAILED: {stack.get('StackStatusReason', 'no reason given')}")
        return stack is None

    for stack in _stacks(account):
        name, number = stack["StackName"], stack["StackId"]
        yield Thing("stack", name, partial(client.delete_stack, StackName=name), partial(is_deleted, number))


def noted(account: Account) -> Iterator[Thing]:
    """The resources that AWS cannot tag, from the journal."""
    yield from filter(None, (noted_thing(account, entry) for entry in account.journal.read()))


def noted_thing(account: Account, entry: Made) -> Thing | None:
    """The resource of a line of the journal, or None if it cannot be removed by its line."""
    if (entry.service, entry.operation) not in UNTAGGABLE:
        return None
    call, fields = UNTAGGABLE[entry.service, entry.operation]
    arguments: dict[str, Any] = {field: entry.given[field] for field in fields if field in entry.given}
    name = ":".join(map(str, arguments.values()))
    if "VersionNumber" in arguments:
        arguments["VersionNumber"] = int(arguments["VersionNumber"])
    kind = call.removeprefix("delete_").replace("_", " ")
    return Thing(kind, name, partial(getattr(account.client(entry.service), call), **arguments))


def rules(account: Account) -> Iterator[Thing]:
    """EventBridge rules of every bus, with their targets."""
    client = account.client("events")

    def remove(name: str, bus: str) -> None:
        targets = client.list_targets_by_rule(Rule=name, EventBusName=bus)["Targets"]
        if targets:
            client.remove_targets(Rule=name, EventBusName=bus, Ids=[target["Id"] for target in targets])
        client.delete_rule(Name=name, EventBusName=bus)

    for bus in account.pages("events", "list_event_buses", "EventBuses"):
        for rule in account.pages("events", "list_rules", "Rules", EventBusName=bus["Name"]):
            tagged = answer_of(partial(client.list_tags_for_resource, ResourceARN=rule["Arn"]))
            if tagged and account.owns(tagged["Tags"]):
                yield Thing("rule", rule["Name"], partial(remove, rule["Name"], bus["Name"]), id=bus["Name"])


def event_source_mappings(account: Account) -> Iterator[Thing]:
    """Lambda's event source mappings: they go before the function and the queue."""
    client = account.client("lambda")
    for mapping in account.pages("lambda", "list_event_source_mappings", "EventSourceMappings"):
        number = mapping["UUID"]
        arn = mapping.get("EventSourceMappingArn") or mapping["FunctionArn"]  # else it goes with its function
        tagged = answer_of(partial(client.list_tags, Resource=arn))
        if tagged and account.owns(tagged["Tags"]):
            name = f"{mapping['FunctionArn'].split(':')[6]} from {mapping.get('EventSourceArn', '?').split(':')[-1]}"
            yield Thing(
                "event source mapping",
                name,
                partial(client.delete_event_source_mapping, UUID=number),
                partial(is_gone, partial(client.get_event_source_mapping, UUID=number)),
                number,
            )


def disabled_first(words: str, noun: str, field: str) -> Finder:
    """Batch's queues and environments are disabled, and deleted when that has taken effect: `is_deleted` does that.

    Args:
        words: for the learner.
        noun: in boto3's names of the calls, "job_queue".
        field: in the answers, "jobQueue".
    """

    def find(account: Account) -> Iterator[Thing]:
        client = account.client("batch")
        update, delete = getattr(client, f"update_{noun}"), getattr(client, f"delete_{noun}")

        def there(name: str) -> dict[str, Any] | None:
            matches = getattr(client, f"describe_{noun}s")(**{f"{field}s": [name]})[f"{field}s"]
            return next((match for match in matches if match.get("status") != "DELETED"), None)

        def is_deleted(name: str) -> bool:
            item = there(name)
            if item and item["state"] == "DISABLED" and item.get("status", "VALID") in ("VALID", "INVALID"):
                delete(**{field: name})
                item = there(name)
            return item is None

        for resource in account.pages("batch", f"describe_{noun}s", f"{field}s"):
            if account.owns(resource.get("tags")) and resource.get("status") != "DELETED":
                name = resource[f"{field}Name"]
                yield Thing(words, name, partial(update, **{field: name}, state="DISABLED"), partial(is_deleted, name))

    return find


def tables(account: Account) -> Iterator[Thing]:
    """DynamoDB tables with their items; only a description has the ARN that tags are asked for by."""
    client = account.client("dynamodb")
    for name in account.pages("dynamodb", "list_tables", "TableNames"):
        look = partial(client.describe_table, TableName=name)
        answer = answer_of(look)
        tagged = answer and answer_of(partial(client.list_tags_of_resource, ResourceArn=answer["Table"]["TableArn"]))
        if tagged and account.owns(tagged["Tags"]):
            yield Thing("table", name, partial(client.delete_table, TableName=name), partial(is_gone, look))


def buckets(account: Account) -> Iterator[Thing]:
    """S3 buckets with all that is in them, every version of it."""
    client = account.client("s3")

    def remove(name: str) -> None:
        for page in client.get_paginator("list_object_versions").paginate(Bucket=name):
            versions = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            if versions:
                keys = [{"Key": version["Key"], "VersionId": version["VersionId"]} for version in versions]
                answer = client.delete_objects(Bucket=name, Delete={"Objects": keys, "Quiet": True})
                if errors := answer.get("Errors"):
                    raise RuntimeError(f"{len(errors)} objects stay: {errors[0].get('Message')}")
        client.delete_bucket(Bucket=name)

    for bucket in client.list_buckets()["Buckets"]:
        try:
            tagged = answer_of(partial(client.get_bucket_tagging, Bucket=bucket["Name"]))
        except ClientError as error:
            if code_of(error) == "AccessDenied":  # somebody else's bucket, which says nothing
                continue
            raise
        if tagged and account.owns(tagged["TagSet"]) and _region_of(client, bucket["Name"]) == account.region:
            yield Thing("bucket", bucket["Name"], partial(remove, bucket["Name"]))


def _region_of(s3: Any, bucket: str) -> str:
    """A bucket's Region, as S3 lists the buckets of all Regions. It says None for us-east-1, EU for eu-west-1."""
    constraint = s3.get_bucket_location(Bucket=bucket).get("LocationConstraint")
    return {None: "us-east-1", "": "us-east-1", "EU": "eu-west-1"}.get(constraint, str(constraint))


def alarms(account: Account) -> Iterator[Thing]:
    """CloudWatch alarms."""
    client = account.client("cloudwatch")
    for alarm in account.pages("cloudwatch", "describe_alarms", "MetricAlarms"):
        tagged = answer_of(partial(client.list_tags_for_resource, ResourceARN=alarm["AlarmArn"]))
        if tagged and account.owns(tagged["Tags"]):
            yield Thing("alarm", alarm["AlarmName"], partial(client.delete_alarms, AlarmNames=[alarm["AlarmName"]]))


def log_groups(account: Account) -> Iterator[Thing]:
    """Log groups with the tag, and log groups that Lambda and RDS Proxy have made for resources of the journal."""
    client = account.client("logs")
    known = {
        log_group_of(entry.operation, entry.given) for entry in account.journal.read() if entry.operation in LEAVES_LOGS
    }
    for group in account.pages("logs", "describe_log_groups", "logGroups"):
        name = group["logGroupName"]
        arn = group.get("logGroupArn") or group["arn"].removesuffix(":*")
        tagged = answer_of(partial(client.list_tags_for_resource, resourceArn=arn))
        if tagged is None:
            continue
        if account.owns(tagged["tags"]) or (name in known and KEY not in as_mapping(tagged["tags"])):
            yield Thing("log group", name, partial(client.delete_log_group, logGroupName=name))


def roles(account: Account) -> Iterator[Thing]:
    """IAM roles with their policies; the last, since all else uses them."""
    client = account.client("iam")

    def remove(name: str) -> None:
        for policy in account.pages("iam", "list_attached_role_policies", "AttachedPolicies", RoleName=name):
            client.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
        for policy in account.pages("iam", "list_role_policies", "PolicyNames", RoleName=name):
            client.delete_role_policy(RoleName=name, PolicyName=policy)
        for profile in account.pages("iam", "list_instance_profiles_for_role", "InstanceProfiles", RoleName=name):
            client.remove_role_from_instance_profile(InstanceProfileName=profile["InstanceProfileName"], RoleName=name)
        client.delete_role(RoleName=name)

    for role in account.pages("iam", "list_roles", "Roles"):
        if role["Path"].startswith("/aws-service-role/"):  # a service's own
            continue
        tagged = answer_of(partial(client.list_role_tags, RoleName=role["RoleName"]))
        if tagged and account.owns(tagged["Tags"]):
            yield Thing("role", role["RoleName"], partial(remove, role["RoleName"]))
