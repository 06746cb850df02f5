"""reset() empties a full cloud completely, so test files can share one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

import serverless_cloud as cloud
from kits import (
    batch_kit,
    cloud_kit,
    events_kit,
    http_kit,
    mapping_kit,
    network_kit,
    push_kit,
    rds_kit,
    schedule_kit,
    stack_kit,
    states_kit,
    stream_kit,
)
from kits.rest_kit import Api
from serverless_cloud import Cloud

#: Service, call, arguments, key in the response.
LISTS: list[tuple[str, str, dict[str, Any], str]] = [
    ("lambda", "list_functions", {}, "Functions"),
    ("lambda", "list_layers", {}, "Layers"),
    ("lambda", "list_event_source_mappings", {}, "EventSourceMappings"),
    ("sqs", "list_queues", {}, "QueueUrls"),
    ("sns", "list_topics", {}, "Topics"),
    ("sns", "list_subscriptions", {}, "Subscriptions"),
    ("events", "list_rules", {}, "Rules"),
    ("events", "list_event_buses", {}, "EventBuses"),
    ("scheduler", "list_schedules", {}, "Schedules"),
    ("stepfunctions", "list_state_machines", {}, "stateMachines"),
    ("batch", "describe_job_queues", {}, "jobQueues"),
    ("batch", "describe_job_definitions", {}, "jobDefinitions"),
    ("batch", "describe_compute_environments", {}, "computeEnvironments"),
    ("rds", "describe_db_instances", {}, "DBInstances"),
    ("rds", "describe_db_proxies", {}, "DBProxies"),
    ("ec2", "describe_network_interfaces", {}, "NetworkInterfaces"),
    ("ec2", "describe_vpcs", {}, "Vpcs"),
    ("ec2", "describe_security_groups", {}, "SecurityGroups"),
    ("iam", "list_roles", {}, "Roles"),
    ("s3", "list_buckets", {}, "Buckets"),
    ("dynamodb", "list_tables", {}, "TableNames"),
    ("kinesis", "list_streams", {}, "StreamNames"),
    ("logs", "describe_log_groups", {}, "logGroups"),
    ("apigateway", "get_rest_apis", {}, "items"),
    ("apigatewayv2", "get_apis", {}, "Items"),
    ("cloudformation", "describe_stacks", {}, "Stacks"),
    ("secretsmanager", "list_secrets", {}, "SecretList"),
    ("cloudwatch", "list_metrics", {"Namespace": "AWS/Lambda"}, "Metrics"),
]


def everything(aws: Cloud, folder: Path) -> None:
    """Creates a resource in every service and uses most of them."""
    folder.mkdir()
    arn = cloud_kit.deploy("peek", http_kit.ECHO, Timeout=30)
    cloud_kit.invoke("peek", {})
    cloud_kit.client("lambda").create_function_url_config(FunctionName="peek", AuthType="NONE")
    cloud_kit.client("lambda").publish_layer_version(
        LayerName="shop", Content={"ZipFile": cloud_kit.zip_of({"python/shop.py": "lamp = 1\n"})}
    )
    _, address = http_kit.make_api(arn, "GET /peek")
    assert http_kit.send(address, "/peek").status == 200
    rest = Api(aws)
    rest.function("/peek", arn, "GET")
    rest.deploy("prod")
    mapping_kit.deploy(folder, mapping_kit.NOTE + "\ndef handler(event, context):\n    note(len(event['Records']))\n")
    queue, dead = mapping_kit.with_dead_letters("orders", 2, 30)
    mapping_kit.connect(queue)
    cloud_kit.client("sqs").send_message(QueueUrl=dead.url, MessageBody="a lamp")
    push_kit.subscribe(push_kit.make_topic("news"), queue.arn)
    events_kit.events().create_event_bus(Name="shop")
    events_kit.make_rule("placed", {"source": ["hikari.shop"]}, queue)
    role = schedule_kit.service_role("scheduler", "scheduler", allow=[("sqs:SendMessage", "*")])
    schedule_kit.schedule("nightly", "rate(1 hour)", queue.arn, role)
    ledger = stream_kit.make_ledger("shipping", folder)
    stream_kit.map_stream(stream_kit.make_table(), ledger)
    stream_kit.make_stream()
    states_kit.succeeded(states_kit.run_once(states_kit.steps(Note={"Type": "Pass", "End": True})))
    waiting = states_kit.steps(Wait={"Type": "Wait", "Seconds": 3000, "End": True})
    states_kit.start(states_kit.machine(waiting, "waits"))
    cloud.start(time_scale=network_kit.FAST)
    network_kit.deploy("inside", http_kit.ECHO, network_kit.make_vpc())
    cloud.start(time_scale=1)
    assert batch_kit.run("print('rendered')")["status"] == "SUCCEEDED"
    rds_kit.create("shop")
    proxy_in_front("shop")
    cloud_kit.client("s3").create_bucket(Bucket="pictures")
    stack_kit.create("shop", {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})


def proxy_in_front(instance: str) -> None:
    """A DB proxy that takes connections."""
    of_the_default_vpc = [{"Name": "default-for-az", "Values": ["true"]}]
    found = cloud_kit.client("ec2").describe_subnets(Filters=of_the_default_vpc)["Subnets"]
    rds_kit.make_proxy(rds_kit.make_secret(), VpcSubnetIds=[subnet["SubnetId"] for subnet in found][:2])
    cloud_kit.client("rds").register_db_proxy_targets(DBProxyName="shop-proxy", DBInstanceIdentifiers=[instance])


def listed() -> dict[str, int]:
    """How many things each service lists."""
    return {
        f"{service} {what}": len(getattr(cloud_kit.client(service), call)(**settings).get(what, []))
        for service, call, settings, what in LISTS
    }


def held(aws: Cloud) -> dict[str, Any]:
    """What the cloud uses on this machine: processes by kind, listening ports, files in its run folder."""
    (server,) = [child for child in psutil.Process().children() if "serverless_cloud.server" in child.cmdline()]
    below = server.children(recursive=True)
    kinds = Counter(next((word for word in ["--template"] if word in each.cmdline()), each.name()) for each in below)
    ports = sum(c.status == psutil.CONN_LISTEN for each in (server, *below) for c in each.net_connections("inet"))
    files = sorted(path.name for path in aws.run_folder.rglob("*") if path.is_file() and path.suffix != ".log")
    return {"processes": dict(kinds), "ports": ports, "files": files}


@pytest.fixture
def settled(aws: Cloud, tmp_path: Path) -> dict[str, Any]:
    """What an empty cloud still holds after it was filled and reset once: templates stay for good."""
    everything(aws, tmp_path / "first")
    aws.reset()
    return held(aws)


def test_nothing_of_everything_survives(aws: Cloud, tmp_path: Path, settled: dict[str, Any]) -> None:
    fresh = listed()
    everything(aws, tmp_path / "second")
    full = listed()
    assert [what for what in full if full[what] <= fresh[what]] == []  # every service got something
    assert held(aws)["processes"] != settled["processes"]
    aws.reset()
    assert listed() == fresh
    cloud_kit.eventually(lambda: held(aws) == settled, f"{held(aws)} should equal {settled} again")
    assert aws.environments() == []


@pytest.mark.parametrize(
    "changes", [{"time_scale": 600.0}, {"enforce_iam": True}, {"idle_expiry_s": 0.05}, {"network_model": "2019"}]
)
def test_the_next_file_has_the_usual_settings(cloud_of_module: Cloud, changes: dict[str, Any]) -> None:
    with cloud_kit.cloud_with(**changes) as aws:
        assert aws is cloud_of_module
    with cloud_kit.cloud_with() as aws:
        assert (aws.time_scale, aws.enforce_iam, aws.network_model) == (1.0, False, "hyperplane")
        cloud_kit.deploy("count", cloud_kit.COUNT)
        assert [cloud_kit.invoke("count").payload["count"] for _ in range(2)] == [1, 2]  # it did not expire between
        assert [environment.state for environment in aws.environments()] == ["frozen"]


def test_a_fresh_process_is_left_behind(program: Callable[..., Any]) -> None:
    """After stop(), boto3, the environment variables and the guard no longer know the cloud."""
    source = """
import os
before = dict(os.environ)
from serverless_cloud import guard
from kits import cloud_kit as kit
import boto3
with kit.cloud_with() as aws:
    session = boto3.DEFAULT_SESSION
    aws.stop()
kit.say(environ=dict(os.environ) == before, armed=guard.is_armed(), session=boto3.DEFAULT_SESSION is None)
"""
    assert program(source).hear() == {"environ": True, "armed": False, "session": True}
