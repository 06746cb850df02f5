"""Distributed Map states: executions of their own, datasets in S3, batches, tolerated failures, results in S3."""

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


def got(kit: Any, key: str) -> Any:
    """An object of the bucket, from JSON."""
    return json.loads(kit.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read())


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


def test_the_counts_of_a_run_and_a_change_while_it_runs(kit: Any) -> None:
    """Each child waits for an answer; with one at once the second comes only after UpdateMapRun."""
    queue = kit.make_queue("work")
    ask = sk.task(
        "sqs:sendMessage.waitForTaskToken", {"QueueUrl": queue.url, "MessageBody": {"token.$": "$$.Task.Token"}}
    )
    machine = sk.machine(sk.steps(Each=distributed(sk.steps(Ask=ask), MaxConcurrency=1)))
    execution = sk.start(machine, [1, 2, 3])
    tokens = [each["token"] for each in kit.records(queue)]
    described = map_run(execution)
    assert (described["status"], described["maxConcurrency"]) == ("RUNNING", 1)
    counts = described["executionCounts"]
    assert (counts["running"], counts["pending"], counts["total"]) == (1, 2, 3)
    sk.states().update_map_run(mapRunArn=described["mapRunArn"], maxConcurrency=3)
    tokens += [each["token"] for each in kit.records(queue, 2)]
    for token in tokens:
        sk.states().send_task_success(taskToken=token, output="1")
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


@pytest.mark.parametrize("kind", ["PARQUET", "MANIFEST"])
def test_datasets_that_are_not_read_are_refused(kit: Any, kind: str) -> None:
    state = distributed(ItemReader=reader("stock", InputType=kind))
    kit.refused(lambda: sk.machine(sk.steps(Each=state)), "InvalidDefinition", kind)


# ---- batches


def test_items_come_in_batches_with_what_they_share() -> None:
    batcher = {"MaxItemsPerBatch": 2, "BatchInput": {"shop.$": "$.shop"}}
    done = run(distributed(ItemsPath="$.lamps", ItemBatcher=batcher), {"shop": "Hikari", "lamps": LAMPS})
    shared = {"BatchInput": {"shop": "Hikari"}}
    assert sk.succeeded(done) == [shared | {"Items": LAMPS[:2]}, shared | {"Items": LAMPS[2:]}]
    described = map_run(done.arn)
    assert (described["itemCounts"]["total"], described["executionCounts"]["total"]) == (3, 2)


def test_the_size_of_a_batch_may_stand_in_the_input_and_be_in_bytes() -> None:
    by_path = {"MaxItemsPerBatchPath": "$.most"}
    state = distributed(ItemsPath="$.lamps", ItemBatcher=by_path)
    assert [len(b["Items"]) for b in sk.succeeded(run(state, {"most": 1, "lamps": LAMPS}))] == [1, 1, 1]
    by_bytes = distributed(ItemBatcher={"MaxInputBytesPerBatch": 80})
    done = sk.run_once(sk.steps(Each=by_bytes), LAMPS, name="by-bytes")
    batches = sk.succeeded(done)
    assert [len(batch["Items"]) for batch in batches] == [2, 1]
    assert all(len(json.dumps(batch, separators=(",", ":"))) <= 80 for batch in batches)


def test_a_definition_in_jsonata() -> None:
    state = distributed(
        sk.steps(P={"Type": "Pass", "Output": "{% $states.input.BatchInput.shop & $count($states.input.Items) %}",
                    "End": True}),
        kind="EXPRESS",
        Items="{% $states.input.lamps[left > 0] %}",
        ItemSelector={"lamp": "{% $states.context.Map.Item.Value.lamp %}"},
        ItemBatcher={"MaxItemsPerBatch": 5, "BatchInput": {"shop": "{% $states.input.shop %}"}},
    )  # fmt: skip
    machine = {"QueryLanguage": "JSONata", **sk.steps(Each=state)}
    assert sk.succeeded(sk.run_once(machine, {"shop": "Hikari", "lamps": LAMPS})) == ["Hikari2"]


# ---- failures


def test_one_failure_fails_a_run_that_tolerates_none() -> None:
    done = run(distributed(failing_without_stock()), LAMPS)
    assert (done.error, done.cause) == (
        "States.ExceedToleratedFailureThreshold",
        "The specified tolerated failure threshold was exceeded",
    )
    assert done.types[-3:] == ["MapRunFailed", "MapStateFailed", "ExecutionFailed"]
    assert map_run(done.arn)["status"] == "FAILED"


@pytest.mark.parametrize("tolerated", [{"ToleratedFailureCount": 1}, {"ToleratedFailurePercentage": 34}])
def test_failures_are_tolerated_up_to_a_threshold(tolerated: dict[str, Any]) -> None:
    done = run(distributed(failing_without_stock(), **tolerated), LAMPS)
    assert sk.succeeded(done) == [LAMPS[0], LAMPS[2]]
    described = map_run(done.arn)
    assert (described["status"], described["itemCounts"]["failed"]) == ("SUCCEEDED", 1)


def test_more_than_the_threshold_fails_and_can_be_caught() -> None:
    state = distributed(failing_without_stock(), ToleratedFailurePercentage=20)
    state["Catch"] = [{"ErrorEquals": ["States.ExceedToleratedFailureThreshold"], "Next": "Sorry"}]
    done = sk.run_once(sk.steps(Each=state, Sorry=PASS), LAMPS)
    assert sk.succeeded(done)["Error"] == "States.ExceedToleratedFailureThreshold"


# ---- results in S3


def test_results_are_written_with_a_manifest(kit: Any) -> None:
    put(kit, "else", "")
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": BUCKET, "Prefix.$": "$.to"}}
    state = distributed(
        failing_without_stock(), ItemsPath="$.lamps", ToleratedFailureCount=1, ResultWriter=writer
    )  # fmt: skip
    done = run(state, {"to": "results", "lamps": LAMPS})
    output = sk.succeeded(done)
    described = map_run(done.arn)
    assert output["MapRunArn"] == described["mapRunArn"]
    key = output["ResultWriterDetails"]["Key"]
    assert key == f"results/{described['mapRunArn'].split(':')[-1]}/manifest.json"
    manifest = got(kit, key)
    assert (manifest["DestinationBucket"], manifest["ResultFiles"]["PENDING"]) == (BUCKET, [])
    (good,), (bad,) = manifest["ResultFiles"]["SUCCEEDED"], manifest["ResultFiles"]["FAILED"]
    assert good["Key"].endswith("/SUCCEEDED_0.json")
    assert [json.loads(each["Output"]) for each in got(kit, good["Key"])] == [LAMPS[0], LAMPS[2]]
    (failed,) = got(kit, bad["Key"])
    assert (failed["Error"], json.loads(failed["Input"])) == ("SoldOut", LAMPS[1])
    assert described["executionCounts"]["resultsWritten"] == 3


def test_a_run_that_fails_writes_what_it_has(kit: Any) -> None:
    put(kit, "else", "")
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": BUCKET, "Prefix": "failed"}}
    fail = sk.steps(Fail={"Type": "Fail", "Error": "SoldOut"})
    done = run(distributed(fail, MaxConcurrency=1, ResultWriter=writer), LAMPS)
    assert done.error == "States.ExceedToleratedFailureThreshold"
    folder = f"failed/{map_run(done.arn)['mapRunArn'].split(':')[-1]}"
    files = got(kit, f"{folder}/manifest.json")["ResultFiles"]
    counts = {kind: len(got(kit, file["Key"])) for kind, found in files.items() for file in found}
    assert counts == {"FAILED": 1, "PENDING": 2}


def test_results_can_be_flattened_and_written_as_lines(kit: Any) -> None:
    put(kit, "else", "")
    writer = {
        "Resource": "arn:aws:states:::s3:putObject",
        "Parameters": {"Bucket": BUCKET, "Prefix": "lines/"},
        "WriterConfig": {"Transformation": "FLATTEN", "OutputType": "JSONL"},
    }
    output = sk.succeeded(run(distributed(ResultWriter=writer), [[1, 2], [3]]))
    (file,) = got(kit, output["ResultWriterDetails"]["Key"])["ResultFiles"]["SUCCEEDED"]
    content = kit.client("s3").get_object(Bucket=BUCKET, Key=file["Key"])["Body"].read()
    assert content.decode().split("\n") == ["1", "2", "3"]
    assert file["Size"] == len(content)


def test_a_bucket_that_is_not_there_fails_the_state() -> None:
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "hikari-none", "Prefix": "x"}}
    assert run(distributed(ResultWriter=writer), [1]).error == "States.ResultWriterFailed"
