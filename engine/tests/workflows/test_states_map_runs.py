"""Distributed Map states: their child executions, datasets in S3, failures."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kits import cloud_kit, fixtures, states_kit as sk

pytestmark = pytest.mark.usefixtures("aws")

BUCKET = "hikari-orders"
PASS = {"Type": "Pass", "End": True}
LAMPS = [{"lamp": "andon", "left": 3}, {"lamp": "chochin", "left": 0}, {"lamp": "toro", "left": 9}]

cloud_of_module = fixtures.cloud_of(time_scale=60)


def distributed(processor: dict[str, Any] | None = None, kind: str = "STANDARD", **more: Any) -> dict[str, Any]:
    """A distributed Map state, the last one."""
    config = {"Mode": "DISTRIBUTED", "ExecutionType": kind}
    return {
        "Type": "Map",
        "ItemProcessor": {"ProcessorConfig": config, **(processor or sk.steps(P=PASS))},
        "End": True,
        **more,
    }


def run(state: dict[str, Any], given: Any = None) -> Any:
    """Runs a machine with this one state."""
    return sk.run_once(sk.steps(Each=state), given, name="stock-taking")


def failing_without_stock() -> dict[str, Any]:
    """A child that fails where nothing is left."""
    none_left = [{"Variable": "$.left", "NumericEquals": 0, "Next": "Fail"}]
    look = {"Type": "Choice", "Choices": none_left, "Default": "P"}
    return dict(sk.steps("Look", Look=look, P=PASS, Fail={"Type": "Fail", "Error": "SoldOut", "Cause": "None left."}))


def put(kit: Any, key: str, content: str) -> None:
    """An object in the bucket, which is made if need be."""
    kit.client("s3").create_bucket(Bucket=BUCKET)
    kit.client("s3").put_object(Bucket=BUCKET, Key=key, Body=content.encode())


def reader(key: str, **config: Any) -> dict[str, Any]:
    """An ItemReader for an object of the bucket."""
    return {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": config,
        "Parameters": {"Bucket": BUCKET, "Key": key},
    }


def map_run(execution: str) -> Any:
    """What DescribeMapRun says of the only run of an execution, as soon as there is one."""
    (found,) = cloud_kit.eventually(
        lambda: sk.states().list_map_runs(executionArn=execution)["mapRuns"], "a run of the map"
    )
    return sk.states().describe_map_run(mapRunArn=found["mapRunArn"])


# ---- children


def test_each_item_is_an_execution_with_a_history_of_its_own() -> None:
    done = run(distributed(Label="Stock"), LAMPS)
    assert sk.succeeded(done) == LAMPS
    assert done.types == [
        "ExecutionStarted", "MapStateEntered", "MapStateStarted", "MapRunStarted", "MapRunSucceeded",
        "MapStateSucceeded", "MapStateExited", "ExecutionSucceeded",
    ]  # fmt: skip
    described = map_run(done.arn)
    assert ":mapRun:stock-taking/Stock:" in described["mapRunArn"]
    children = sk.states().list_executions(mapRunArn=described["mapRunArn"])["executions"]
    assert len(children) == len(LAMPS)
    child = sk.states().describe_execution(executionArn=children[0]["executionArn"])
    assert child["mapRunArn"] == described["mapRunArn"]
    assert ":execution:stock-taking/Stock:" in child["executionArn"]
    assert child["input"] == child["output"]
    assert [event["type"] for event in sk.history(child["executionArn"])] == [
        "ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded",
    ]  # fmt: skip
    assert len(sk.states().list_executions(stateMachineArn=sk.machine(sk.steps(P=PASS), "other"))["executions"]) == 0
    assert [e["name"] for e in sk.states().list_executions(stateMachineArn=_machine_of(done.arn))["executions"]] == [
        done.arn.split(":")[-1]
    ]


def _machine_of(execution: str) -> str:
    return ":".join(execution.split(":")[:-1]).replace(":execution:", ":stateMachine:")


def test_express_children_leave_no_history() -> None:
    done = run(distributed(kind="EXPRESS"), LAMPS)
    assert sk.succeeded(done) == LAMPS
    described = map_run(done.arn)
    assert described["executionCounts"]["succeeded"] == len(LAMPS)
    assert sk.states().list_executions(mapRunArn=described["mapRunArn"])["executions"] == []


def test_children_call_functions_and_items_are_selected(kit: Any) -> None:
    arn = kit.deploy(
        "report", "def handler(event, context):\n    return f\"{event['shop']} {event['item']['lamp']}\"\n"
    )
    report = sk.steps(Report={"Type": "Task", "Resource": arn, "End": True})
    selector = {"shop.$": "$.shop", "item.$": "$$.Map.Item.Value"}
    done = run(distributed(report, ItemsPath="$.lamps", ItemSelector=selector), {"shop": "Hikari", "lamps": LAMPS})
    assert sk.succeeded(done) == ["Hikari andon", "Hikari chochin", "Hikari toro"]


def test_the_counts_of_a_run(kit: Any) -> None:
    """Each child waits for an answer; with one at once the second comes only after the first."""
    queue = kit.make_queue("work")
    ask = sk.task(
        "sqs:sendMessage.waitForTaskToken", {"QueueUrl": queue.url, "MessageBody": {"token.$": "$$.Task.Token"}}
    )
    machine = sk.machine(sk.steps(Each=distributed(sk.steps(Ask=ask), MaxConcurrency=1)))
    execution = sk.start(machine, [1, 2, 3])
    first = kit.records(queue)
    described = map_run(execution)
    assert (described["status"], described["maxConcurrency"]) == ("RUNNING", 1)
    counts = described["executionCounts"]
    assert (counts["running"], counts["pending"], counts["total"]) == (1, 2, 3)
    change = {"mapRunArn": described["mapRunArn"], "maxConcurrency": 3}
    kit.refused(lambda: sk.states().update_map_run(**change), "NotImplementedException", "update_map_run")
    for messages in (first, None, None):
        (message,) = messages or kit.records(queue)
        sk.states().send_task_success(taskToken=message["token"], output="1")
    assert sk.succeeded(sk.ended(execution)) == [1, 1, 1]
    described = map_run(execution)
    assert (described["status"], described["itemCounts"]["succeeded"]) == ("SUCCEEDED", 3)
    assert "stopDate" in described


def test_stopping_the_parent_aborts_the_children(kit: Any) -> None:
    wait = sk.steps(W={"Type": "Wait", "Seconds": 360000, "End": True})
    execution = sk.start(sk.machine(sk.steps(Each=distributed(wait))), [1, 2])
    kit.eventually(lambda: map_run(execution)["executionCounts"]["running"] == 2, "two children")
    sk.states().stop_execution(executionArn=execution)
    kit.eventually(lambda: map_run(execution)["status"] == "ABORTED", "the end of the run")
    described = map_run(execution)
    assert described["executionCounts"]["aborted"] == 2
    children = sk.states().list_executions(mapRunArn=described["mapRunArn"])["executions"]
    assert [child["status"] for child in children] == ["ABORTED", "ABORTED"]


def test_runs_can_be_nested() -> None:
    done = run(distributed(sk.steps(Inner=distributed())), [[1], [2, 3]])
    assert sk.succeeded(done) == [[1], [2, 3]]
    children = sk.states().list_executions(mapRunArn=map_run(done.arn)["mapRunArn"])["executions"]
    assert sum(map_run(child["executionArn"])["itemCounts"]["succeeded"] for child in children) == 3


def test_a_result_that_is_too_large_fails_the_state() -> None:
    large = {"Type": "Pass", "Result": "x" * 1000, "End": True}
    assert run(distributed(sk.steps(P=large)), list(range(300))).error == "States.DataLimitExceeded"


def test_hundreds_of_items() -> None:
    items = list(range(500))
    assert sk.succeeded(run(distributed(), items)) == items


# ---- datasets


@pytest.mark.parametrize(
    ("content", "config", "items"),
    [
        ("lamp,left\nandon,3\ntoro,9\n", {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
         [{"lamp": "andon", "left": "3"}, {"lamp": "toro", "left": "9"}]),
        ("andon;3\ntoro;9\n", {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["lamp", "left"],
                               "CSVDelimiter": "SEMICOLON", "MaxItems": 1}, [{"lamp": "andon", "left": "3"}]),
        (json.dumps(LAMPS), {"InputType": "JSON", "MaxItems": 2}, LAMPS[:2]),
        (json.dumps({"shop": {"lamps": LAMPS}}), {"InputType": "JSON", "ItemsPointer": "/shop/lamps"}, LAMPS),
        ("\n".join(map(json.dumps, LAMPS)), {"InputType": "JSONL"}, LAMPS),
    ],
    ids=["csv", "csv-given", "json", "json-pointer", "jsonl"],
)  # fmt: skip
def test_items_are_read_from_an_object(kit: Any, content: str, config: Any, items: Any) -> None:
    put(kit, "stock", content)
    assert sk.succeeded(run(distributed(ItemReader=reader("stock", **config)))) == items


def test_items_are_the_objects_of_a_bucket(kit: Any) -> None:
    for number in range(3):
        put(kit, f"orders/{number}.json", "{}")
    put(kit, "other.json", "{}")
    listing = {"Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket": BUCKET, "Prefix": "orders/"}}
    items = sk.succeeded(run(distributed(ItemReader=listing)))
    assert [item["Key"] for item in items] == ["orders/0.json", "orders/1.json", "orders/2.json"]
    assert set(items[0]) == {"Etag", "Key", "LastModified", "Size", "StorageClass"}


@pytest.mark.parametrize(
    ("content", "told"), [(None, "The specified key does not exist."), ('{"a": ', "JSON"), ("3", "non-iterable")]
)
def test_a_dataset_that_cannot_be_read_fails_the_state(kit: Any, content: str | None, told: str) -> None:
    put(kit, "else", "")
    if content is not None:
        put(kit, "stock", content)
    state = distributed(ItemReader=reader("stock", InputType="JSON"))
    state["Catch"] = [{"ErrorEquals": ["States.ItemReaderFailed"], "Next": "Sorry"}]
    done = sk.run_once(sk.steps(Each=state, Sorry=PASS))
    assert told in sk.succeeded(done)["Cause"]
    assert "MapRunFailed" in done.types


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ItemBatcher", {"MaxItemsPerBatch": 2}),
        ("ResultWriter", {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": BUCKET}}),
        ("ToleratedFailureCount", 1),
        ("ToleratedFailurePercentagePath", "$.most"),
    ],
)
def test_fields_that_are_not_served_are_refused_by_name(kit: Any, name: str, value: Any) -> None:
    state = distributed(**{name: value})
    kit.refused(lambda: sk.machine(sk.steps(Each=state)), "InvalidDefinition", f"doesn't support {name} of a distribut")


@pytest.mark.parametrize("kind", ["PARQUET", "MANIFEST"])
def test_datasets_that_are_not_read_are_refused(kit: Any, kind: str) -> None:
    state = distributed(ItemReader=reader("stock", InputType=kind))
    kit.refused(lambda: sk.machine(sk.steps(Each=state)), "InvalidDefinition", kind)


def test_a_definition_in_jsonata() -> None:
    state = distributed(
        sk.steps(P={"Type": "Pass", "Output": "{% $states.input.shop & $states.input.lamp %}", "End": True}),
        kind="EXPRESS",
        Items="{% $states.input.lamps[left > 0] %}",
        ItemSelector={"lamp": "{% $states.context.Map.Item.Value.lamp %}", "shop": "{% $states.input.shop %}"},
    )
    machine = {"QueryLanguage": "JSONata", **sk.steps(Each=state)}
    assert sk.succeeded(sk.run_once(machine, {"shop": "Hikari", "lamps": LAMPS})) == ["Hikariandon", "Hikaritoro"]


# ---- failures


def test_one_failure_fails_a_run_that_tolerates_none() -> None:
    done = run(distributed(failing_without_stock()), LAMPS)
    assert (done.error, done.cause) == (
        "States.ExceedToleratedFailureThreshold",
        "The specified tolerated failure threshold was exceeded",
    )
    assert done.types[-3:] == ["MapRunFailed", "MapStateFailed", "ExecutionFailed"]
    assert map_run(done.arn)["status"] == "FAILED"


def test_the_failure_of_a_run_can_be_caught() -> None:
    state = distributed(failing_without_stock())
    state["Catch"] = [{"ErrorEquals": ["States.ExceedToleratedFailureThreshold"], "Next": "Sorry"}]
    done = sk.run_once(sk.steps(Each=state, Sorry=PASS), LAMPS)
    assert sk.succeeded(done)["Error"] == "States.ExceedToleratedFailureThreshold"
