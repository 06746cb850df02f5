"""The calls that make, change, list and end event source mappings, and what they refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kits import mapping_kit


def _pattern(value: Any) -> dict[str, Any]:
    return {"Filters": [{"Pattern": value if isinstance(value, str) else json.dumps(value)}]}


def test_a_mapping_is_made_changed_listed_and_ended(kit: Any, tmp_path: Path) -> None:
    worker = mapping_kit.deploy(tmp_path, mapping_kit.KEEP)
    kit.deploy("stock", "def handler(event, context): pass")
    queue, lam = kit.make_queue("orders"), kit.client("lambda")
    criteria = _pattern({"body": {"lamp": ["moon"]}})
    made = lam.create_event_source_mapping(
        FunctionName="orders",
        EventSourceArn=queue.arn,
        BatchSize=20,
        MaximumBatchingWindowInSeconds=1,
        FilterCriteria=criteria,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        ScalingConfig={"MaximumConcurrency": 2},
        Tags={"shop": "Hikari"},
    )
    uuid = made["UUID"]
    arn = f"arn:aws:lambda:us-east-1:123456789012:event-source-mapping:{uuid}"
    assert made.pop("ResponseMetadata")["HTTPStatusCode"] == 202
    assert made.pop("LastModified")
    assert made == {
        "UUID": uuid,
        "EventSourceMappingArn": arn,
        "EventSourceArn": queue.arn,
        "FunctionArn": worker.arn,
        "BatchSize": 20,
        "MaximumBatchingWindowInSeconds": 1,
        "FilterCriteria": criteria,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "ScalingConfig": {"MaximumConcurrency": 2},
        "State": "Creating",
        "StateTransitionReason": "USER_INITIATED",
    }
    assert lam.list_tags(Resource=arn)["Tags"] == {"shop": "Hikari"}
    assert lam.get_event_source_mapping(UUID=uuid)["State"] == "Enabled"

    second = mapping_kit.connect(queue, "123456789012:function:stock", BatchSize=1)  # one queue, two functions
    found = lam.list_event_source_mappings(EventSourceArn=queue.arn)["EventSourceMappings"]
    assert {each["UUID"] for each in found} == {uuid, second}
    for name in ("orders", worker.arn, "123456789012:function:orders"):
        assert [e["UUID"] for e in lam.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]] == [uuid]
    assert lam.list_event_source_mappings(FunctionName="order")["EventSourceMappings"] == []
    pages = list(lam.get_paginator("list_event_source_mappings").paginate(PaginationConfig={"PageSize": 1}))
    assert [len(page["EventSourceMappings"]) for page in pages] == [1, 1]
    assert lam.delete_event_source_mapping(UUID=second)["State"] == "Deleting"

    changed = lam.update_event_source_mapping(
        UUID=uuid, BatchSize=5, FilterCriteria={}, FunctionResponseTypes=[], ScalingConfig={}
    )
    assert (changed["State"], changed["BatchSize"], changed["FunctionResponseTypes"]) == ("Updating", 5, [])
    assert not {"FilterCriteria", "ScalingConfig"} & set(changed)
    kit.publish("orders")
    lam.create_alias(FunctionName="orders", Name="live", FunctionVersion="1")
    live = lam.update_event_source_mapping(UUID=uuid, FunctionName="orders:live")["FunctionArn"]
    assert live == f"{worker.arn}:live"
    mapping_kit.send(queue, ["order"])
    worker.wait_for(len, "the order, by the alias")
    assert lam.update_event_source_mapping(UUID=uuid, Enabled=False)["State"] == "Disabling"
    assert lam.get_event_source_mapping(UUID=uuid)["State"] == "Disabled"
    gone = lam.delete_event_source_mapping(UUID=uuid)
    assert (gone["State"], gone["ResponseMetadata"]["HTTPStatusCode"]) == ("Deleting", 202)
    for call in (lam.get_event_source_mapping, lam.update_event_source_mapping, lam.delete_event_source_mapping):
        kit.refused(lambda call=call: call(UUID=uuid), "ResourceNotFoundException", status=404)


def test_what_aws_refuses_is_refused(kit: Any) -> None:
    kit.deploy("orders", "def handler(event, context): pass")
    kit.deploy("slow", "def handler(event, context): pass", Timeout=60)
    queue, fifo = kit.make_queue("orders"), kit.make_queue("orders.fifo", FifoQueue="true")
    lam = kit.client("lambda")
    missing = queue.arn.replace("orders", "returns")
    stream = "arn:aws:kinesis:us-east-1:123456789012:stream/orders"
    table = "arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream/2026-11-25T00:00:00.000"
    invalid, validation = "InvalidParameterValueException", "ValidationException"
    window = "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
    timeouts = "Queue visibility timeout: 30 seconds is less than Function timeout: 60 seconds"
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"BatchSize": 11}, invalid, window),
        ({"BatchSize": 10_001, "MaximumBatchingWindowInSeconds": 1}, validation, "less than or equal to 10000"),
        ({"MaximumBatchingWindowInSeconds": 301}, validation, "less than or equal to 300"),
        ({"EventSourceArn": fifo.arn, "BatchSize": 11}, invalid, "at most 10"),
        ({"EventSourceArn": fifo.arn, "MaximumBatchingWindowInSeconds": 1}, invalid, "FIFO"),
        ({"ScalingConfig": {"MaximumConcurrency": 1001}}, validation, "less than or equal to 1000"),
        ({"FilterCriteria": _pattern("lamp")}, invalid, "Invalid filter pattern definition."),
        ({"FilterCriteria": _pattern({"body": ["x" * 4096]})}, validation, "less than or equal to 4096"),
        ({"FilterCriteria": {"Filters": [{"Pattern": "{}"}] * 6}}, invalid, "at most 5"),
        ({"FunctionResponseTypes": ["All"]}, validation, "ReportBatchItemFailures"),
        ({"StartingPosition": "LATEST"}, invalid, f"Unsupported starting position for arn type: {queue.arn}"),
        ({"BisectBatchOnFunctionError": True}, invalid, "BisectBatchOnFunctionError"),
        (
            {"MaximumRetryAttempts": 2},
            invalid,
            "Unsupported MaximumRetryAttempts parameter for given event source mapping type.",
        ),
        ({"EventSourceArn": missing}, invalid, "AWS.SimpleQueueService.NonExistentQueue"),
        ({"EventSourceArn": queue.arn.replace("us-east-1", "eu-west-1")}, invalid, "NonExistentQueue"),
        ({"EventSourceArn": "arn:aws:sns:us-east-1:123456789012:orders"}, invalid, "Unrecognized event source"),
        ({"FunctionName": "returns"}, invalid, "Function does not exist"),
        ({"FunctionName": "orders:live"}, invalid, "Function does not exist"),
        ({"FunctionName": "slow"}, invalid, timeouts),
        ({"EventSourceArn": table}, invalid, "Value null at 'startingPosition'"),
        ({"EventSourceArn": table, "StartingPosition": "AT_TIMESTAMP"}, invalid, "Unsupported starting position"),
        ({"EventSourceArn": stream, "StartingPosition": "AT_TIMESTAMP"}, invalid, "StartingPositionTimestamp"),
        ({"EventSourceArn": stream, "StartingPosition": "LATEST", "ParallelizationFactor": 11}, validation, "10"),
        ({"EventSourceArn": stream, "StartingPosition": "LATEST", "MaximumRecordAgeInSeconds": 59}, invalid, "60"),
        # What the local cloud does not honour, by name.
        ({"ProvisionedPollerConfig": {"MinimumPollers": 2}}, invalid, "ProvisionedPollerConfig"),
        ({"MetricsConfig": {"Metrics": ["EventCount"]}}, invalid, "MetricsConfig"),
        ({"KMSKeyArn": "arn:aws:kms:us-east-1:123456789012:key/lamp"}, invalid, "KMSKeyArn"),
        ({"EventSourceArn": stream, "StartingPosition": "LATEST", "TumblingWindowInSeconds": 5}, invalid, "Tumbling"),
        ({"EventSourceArn": "arn:aws:kafka:us-east-1:123456789012:cluster/x/y"}, invalid, "Unrecognized"),
    ]
    for change, code, words in cases:
        given = {"FunctionName": "orders", "EventSourceArn": queue.arn} | change
        refusal = kit.refused(lambda given=given: lam.create_event_source_mapping(**given))
        assert (refusal.code, refusal.status) == (code, 400), change
        assert words in refusal.message, change
    assert lam.list_event_source_mappings()["EventSourceMappings"] == []

    uuid = mapping_kit.connect(queue)
    refusal = kit.refused(lambda: mapping_kit.connect(queue))
    assert (refusal.code, refusal.status) == ("ResourceConflictException", 409)
    assert f"already exists. Please update or delete the existing mapping with UUID {uuid}" in refusal.message
    assert kit.refused(lambda: lam.update_event_source_mapping(UUID=uuid, BatchSize=11)).message == window
    assert kit.refused(lambda: lam.update_event_source_mapping(UUID=uuid, FunctionName="slow")).message == timeouts
    assert lam.get_event_source_mapping(UUID=uuid)["BatchSize"] == 10


def test_a_mapping_can_be_disabled_whatever_has_become_of_its_queue_and_function(kit: Any) -> None:
    queue, lam, sqs = kit.make_queue("orders"), kit.client("lambda"), kit.client("sqs")
    kit.deploy("orders", "def handler(event, context): pass")
    uuid = mapping_kit.connect(queue)

    def enable(value: bool) -> Any:
        return lam.update_event_source_mapping(UUID=uuid, Enabled=value)

    sqs.set_queue_attributes(QueueUrl=queue.url, Attributes={"VisibilityTimeout": "1"})
    assert enable(False)["State"] == "Disabling"
    assert "is less than Function timeout" in kit.refused(lambda: enable(True)).message
    sqs.set_queue_attributes(QueueUrl=queue.url, Attributes={"VisibilityTimeout": "30"})
    enable(True)
    lam.delete_function(FunctionName="orders")
    assert enable(False)["State"] == "Disabling"
