"""Finds an owner's resources of each kind, but networks and databases; in the order of `ORDER` they can be removed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from serverless_first.cloud.account import finders_data, finders_network
from serverless_first.cloud.account.owned import KEY, Account, as_mapping
from serverless_first.cloud.account.tagging import UNTAGGABLE
from serverless_first.cloud.account.things import Finder, Thing, absent, is_missing


def stacks(account: Account) -> Iterator[Thing]:
    """CloudFormation stacks; their resources go with them."""
    client = account.client("cloudformation")

    def gone(name: str) -> bool:
        from botocore.exceptions import ClientError

        try:
            (stack,) = client.describe_stacks(StackName=name)["Stacks"]
        except ClientError:  # a ValidationError: there is none
            return True
        if stack["StackStatus"] == "DELETE_FAILED":
            raise RuntimeError(f"DELETE_FAILED: {stack.get('StackStatusReason', 'no reason given')}")
        return bool(stack["StackStatus"] == "DELETE_COMPLETE")

    for stack in account.pages("cloudformation", "describe_stacks", "Stacks"):
        ended = stack["StackStatus"] in ("DELETE_COMPLETE", "REVIEW_IN_PROGRESS")
        if account.owns(stack.get("Tags")) and not stack.get("ParentId") and not ended:
            name, number = stack["StackName"], stack["StackId"]
            yield Thing("stack", name, partial(client.delete_stack, StackName=name), partial(gone, number))


def noted(account: Account) -> Iterator[Thing]:
    """What AWS gives no tag to: the journal knows it."""
    for made in account.journal.read():
        if found := UNTAGGABLE.get((made.service, made.operation)):
            call, fields = found
            given: dict[str, Any] = {field: made.given[field] for field in fields if field in made.given}
            name = ":".join(map(str, given.values()))
            if "VersionNumber" in given:
                given["VersionNumber"] = int(given["VersionNumber"])
            kind = call.removeprefix("delete_").replace("_", " ")
            client = account.client(made.service)
            yield Thing(kind, name, partial(getattr(client, call), **given))


def schedule_groups(account: Account) -> Iterator[Thing]:
    """Groups of schedules; the schedules in them go with them."""
    client = account.client("scheduler")
    for group in account.pages("scheduler", "list_schedule_groups", "ScheduleGroups"):
        if account.owns(client.list_tags_for_resource(ResourceArn=group["Arn"])["Tags"]):
            name = group["Name"]
            yield Thing(
                "schedule group",
                name,
                partial(client.delete_schedule_group, Name=name),
                absent(partial(client.get_schedule_group, Name=name)),
            )


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
            if account.owns(client.list_tags_for_resource(ResourceARN=rule["Arn"])["Tags"]):
                yield Thing("rule", rule["Name"], partial(remove, rule["Name"], bus["Name"]))


def buses(account: Account) -> Iterator[Thing]:
    """Event buses."""
    client = account.client("events")
    for bus in account.pages("events", "list_event_buses", "EventBuses"):
        if bus["Name"] != "default" and account.owns(client.list_tags_for_resource(ResourceARN=bus["Arn"])["Tags"]):
            yield Thing("event bus", bus["Name"], partial(client.delete_event_bus, Name=bus["Name"]))


def pipes(account: Account) -> Iterator[Thing]:
    """EventBridge pipes."""
    client = account.client("pipes")
    for pipe in account.pages("pipes", "list_pipes", "Pipes"):
        if account.owns(client.list_tags_for_resource(resourceArn=pipe["Arn"])["tags"]):
            name = pipe["Name"]
            yield Thing(
                "pipe",
                name,
                partial(client.delete_pipe, Name=name),
                absent(partial(client.describe_pipe, Name=name)),
            )


def event_source_mappings(account: Account) -> Iterator[Thing]:
    """Lambda's event source mappings: they go before the function and the queue."""
    client = account.client("lambda")
    for mapping in account.pages("lambda", "list_event_source_mappings", "EventSourceMappings"):
        number = mapping["UUID"]
        arn = mapping.get("EventSourceMappingArn") or mapping["FunctionArn"]  # else it goes with its function
        if account.owns(client.list_tags(Resource=arn)["Tags"]):
            name = f"{mapping['FunctionArn'].split(':')[6]} from {mapping.get('EventSourceArn', '?').split(':')[-1]}"
            yield Thing(
                "event source mapping",
                name,
                partial(client.delete_event_source_mapping, UUID=number),
                absent(partial(client.get_event_source_mapping, UUID=number)),
                id=number,
            )


def rest_apis(account: Account) -> Iterator[Thing]:
    """REST APIs with their stages and caches, then usage plans and API keys."""
    client = account.client("apigateway")
    for api in account.pages("apigateway", "get_rest_apis", "items"):
        if account.owns(api.get("tags")):
            yield Thing("REST API", api["name"], partial(client.delete_rest_api, restApiId=api["id"]), id=api["id"])
    for plan in account.pages("apigateway", "get_usage_plans", "items"):
        if account.owns(plan.get("tags")):
            yield Thing(
                "usage plan", plan["name"], partial(client.delete_usage_plan, usagePlanId=plan["id"]), id=plan["id"]
            )
    for key in account.pages("apigateway", "get_api_keys", "items"):
        if account.owns(key.get("tags")):
            yield Thing(
                "API key", key.get("name", key["id"]), partial(client.delete_api_key, apiKey=key["id"]), id=key["id"]
            )


def http_apis(account: Account) -> Iterator[Thing]:
    """HTTP and WebSocket APIs."""
    client = account.client("apigatewayv2")
    for api in account.pages("apigatewayv2", "get_apis", "Items"):
        if account.owns(api.get("Tags")):
            yield Thing("HTTP API", api["Name"], partial(client.delete_api, ApiId=api["ApiId"]), id=api["ApiId"])


def state_machines(account: Account) -> Iterator[Thing]:
    """State machines, whose executions end, and activities."""
    client = account.client("stepfunctions")
    for machine in account.pages("stepfunctions", "list_state_machines", "stateMachines"):
        arn = machine["stateMachineArn"]
        if account.owns(client.list_tags_for_resource(resourceArn=arn)["tags"]):
            yield Thing("state machine", machine["name"], partial(client.delete_state_machine, stateMachineArn=arn))
    for activity in account.pages("stepfunctions", "list_activities", "activities"):
        arn = activity["activityArn"]
        if account.owns(client.list_tags_for_resource(resourceArn=arn)["tags"]):
            yield Thing("activity", activity["name"], partial(client.delete_activity, activityArn=arn))


def batch(account: Account) -> Iterator[Thing]:
    """Batch: job queues, then compute environments, then job definitions."""
    client = account.client("batch")

    def queue(name: str) -> dict[str, Any] | None:
        found = client.describe_job_queues(jobQueues=[name])["jobQueues"]
        return next((q for q in found if q.get("status") != "DELETED"), None)

    def environment(name: str) -> dict[str, Any] | None:
        found = client.describe_compute_environments(computeEnvironments=[name])["computeEnvironments"]
        return next((e for e in found if e.get("status") != "DELETED"), None)

    # Both are disabled first and deleted as soon as the change has taken effect: `gone` does the second step.
    def queue_gone(name: str) -> bool:
        found = queue(name)
        if found and found["state"] == "DISABLED" and found.get("status", "VALID") in ("VALID", "INVALID"):
            client.delete_job_queue(jobQueue=name)
            found = queue(name)
        return found is None

    def environment_gone(name: str) -> bool:
        found = environment(name)
        if found and found["state"] == "DISABLED" and found.get("status", "VALID") in ("VALID", "INVALID"):
            client.delete_compute_environment(computeEnvironment=name)
            found = environment(name)
        return found is None

    for each in account.pages("batch", "describe_job_queues", "jobQueues"):
        if account.owns(each.get("tags")) and each.get("status") != "DELETED":
            name = each["jobQueueName"]
            yield Thing(
                "job queue",
                name,
                partial(client.update_job_queue, jobQueue=name, state="DISABLED"),
                partial(queue_gone, name),
            )
    for each in account.pages("batch", "describe_compute_environments", "computeEnvironments"):
        if account.owns(each.get("tags")) and each.get("status") != "DELETED":
            name = each["computeEnvironmentName"]
            yield Thing(
                "compute environment",
                name,
                partial(client.update_compute_environment, computeEnvironment=name, state="DISABLED"),
                partial(environment_gone, name),
            )
    for each in account.pages("batch", "describe_job_definitions", "jobDefinitions", status="ACTIVE"):
        if account.owns(each.get("tags")):
            arn = each["jobDefinitionArn"]
            name = f"{each['jobDefinitionName']}:{each['revision']}"
            yield Thing("job definition", name, partial(client.deregister_job_definition, jobDefinition=arn))


def functions(account: Account) -> Iterator[Thing]:
    """Lambda functions with their versions, aliases and URLs."""
    client = account.client("lambda")
    for function in account.pages("lambda", "list_functions", "Functions"):
        if account.owns(client.list_tags(Resource=function["FunctionArn"])["Tags"]):
            name = function["FunctionName"]
            yield Thing("function", name, partial(client.delete_function, FunctionName=name))


def log_groups(account: Account) -> Iterator[Thing]:
    """Log groups: those with the tag, and those that Lambda and RDS Proxy have made for what the journal names."""
    client = account.client("logs")
    made = account.journal.read()
    known = {f"/aws/lambda/{m.given['FunctionName']}" for m in made if m.operation == "CreateFunction"}
    known |= {f"/aws/rds/proxy/{m.given['DBProxyName']}" for m in made if m.operation == "CreateDBProxy"}
    for group in account.pages("logs", "describe_log_groups", "logGroups"):
        name = group["logGroupName"]
        arn = group.get("logGroupArn") or group["arn"].removesuffix(":*")
        tags = as_mapping(client.list_tags_for_resource(resourceArn=arn)["tags"])
        if account.owns(tags) or (name in known and KEY not in tags):
            yield Thing("log group", name, partial(client.delete_log_group, logGroupName=name))


def alarms(account: Account) -> Iterator[Thing]:
    """CloudWatch alarms."""
    client = account.client("cloudwatch")
    for alarm in account.pages("cloudwatch", "describe_alarms", "MetricAlarms"):
        if account.owns(client.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]):
            yield Thing("alarm", alarm["AlarmName"], partial(client.delete_alarms, AlarmNames=[alarm["AlarmName"]]))


def roles(account: Account) -> Iterator[Thing]:
    """IAM roles with their policies, then policies of one's own; the last, since all else uses them."""
    client = account.client("iam")

    def remove_role(name: str) -> None:
        for policy in account.pages("iam", "list_attached_role_policies", "AttachedPolicies", RoleName=name):
            client.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
        for policy in account.pages("iam", "list_role_policies", "PolicyNames", RoleName=name):
            client.delete_role_policy(RoleName=name, PolicyName=policy)
        for profile in account.pages("iam", "list_instance_profiles_for_role", "InstanceProfiles", RoleName=name):
            client.remove_role_from_instance_profile(InstanceProfileName=profile["InstanceProfileName"], RoleName=name)
        client.delete_role(RoleName=name)

    def tags_of(role: str) -> Any:
        from botocore.exceptions import ClientError

        try:
            return client.list_role_tags(RoleName=role)["Tags"]
        except ClientError as error:
            if is_missing(error):  # removed by somebody meanwhile
                return None
            raise

    for role in account.pages("iam", "list_roles", "Roles"):
        service_s_own = role["Path"].startswith("/aws-service-role/")
        if not service_s_own and account.owns(tags_of(role["RoleName"])):
            yield Thing("role", role["RoleName"], partial(remove_role, role["RoleName"]))
    for policy in account.pages("iam", "list_policies", "Policies", Scope="Local"):
        if account.owns(client.list_policy_tags(PolicyArn=policy["Arn"])["Tags"]):
            yield Thing("policy", policy["PolicyName"], partial(client.delete_policy, PolicyArn=policy["Arn"]))


#: What uses something comes before it: callers and pollers, functions, proxies, databases, the network, logs, roles.
ORDER: tuple[tuple[str, Finder], ...] = (
    ("stacks", stacks),
    ("what has no tags", noted),
    ("schedule groups", schedule_groups),
    ("rules", rules),
    ("pipes", pipes),
    ("event source mappings", event_source_mappings),
    ("REST APIs", rest_apis),
    ("HTTP APIs", http_apis),
    ("state machines", state_machines),
    ("Batch", batch),
    ("functions", functions),
    ("proxies", finders_data.proxies),
    ("databases", finders_data.instances),
    ("groups of databases", finders_data.groups),
    ("secrets", finders_data.secrets),
    ("parameters", finders_data.parameters),
    ("topics", finders_data.topics),
    ("queues", finders_data.queues),
    ("event buses", buses),
    ("tables", finders_data.tables),
    ("streams", finders_data.streams),
    ("buckets", finders_data.buckets),
    ("network", finders_network.network),
    ("alarms", alarms),
    ("log groups", log_groups),
    ("roles", roles),
)
