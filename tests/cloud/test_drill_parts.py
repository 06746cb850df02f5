"""The parts of the drill that reach into a shop: what it finds, what it breaks and mends, what it gathers."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from serverless_first import cloud, drill
from serverless_first.drill import evidence, faults
from serverless_first.drill.record import DeadLetter
from serverless_first.drill.shop import OUTPUTS, Shop

READS = """
import os
def handler(event, context):
    if "Records" not in event:
        print("FATAL:  sorry, too many clients already")
        return event
    for record in event["Records"]:
        open(os.path.join(os.environ["SEEN"], record["messageId"]), "w").close()
"""


class PartOfAShop(Shop):
    """A shop of which only some parts are there."""

    functions = {"Worker": "worker", "Provider": "provider"}  # noqa: RUF012


@pytest.fixture
def shop(aws: cloud.Cloud, kit: Any) -> Shop:
    """A queue of orders, and the functions worker and provider; nothing reads the queue yet."""
    queue = kit.make_queue("orders", VisibilityTimeout="10")
    return PartOfAShop(aws, "part", {"QueueUrl": queue.url})


def test_a_stack_that_is_not_there_is_told(aws: cloud.Cloud) -> None:
    del aws
    with pytest.raises(drill.DrillError, match=r"There is no stack 'hikari-shop'\. Deploy your template first"):
        drill.run("hikari-shop", orders=80)


def test_an_output_that_is_missing_is_told(aws: cloud.Cloud, tmp_path: Path) -> None:
    given = {key: {"Value": "x"} for key in OUTPUTS if key not in ("QueueUrl", "Worker")}
    topic = {"Type": "AWS::SNS::Topic"}
    file = tmp_path / "template.json"
    file.write_text(json.dumps({"Resources": {"News": topic}, "Outputs": given}), encoding="utf-8")
    aws.deploy(file, stack_name="hikari-shop", quiet=True)
    with pytest.raises(drill.DrillError) as told:
        drill.run("hikari-shop", orders=80)
    assert "An output is missing when the resource behind it is missing" in str(told.value)
    assert (
        "Missing outputs: QueueUrl (the queue of orders): parts/queues.yaml, the queue Orders; "
        "Worker (the function that reads the queue of orders): parts/work.yaml, the function Worker."
    ) in str(told.value)


def test_an_output_that_leads_nowhere_is_told(aws: cloud.Cloud, kit: Any, tmp_path: Path) -> None:
    file, code = tmp_path / "template.json", {"ZipFile": "def handler(event, context): pass"}
    settings = {"Runtime": "python3.13", "Handler": "index.handler", "Role": kit.make_role(), "Code": code}
    names = ("Front", "Worker", "Projector", "Provider", "Migrate")
    resources = {name: {"Type": "AWS::Lambda::Function", "Properties": settings} for name in names}

    def told(outputs: dict[str, Any]) -> str:
        file.write_text(json.dumps({"Resources": resources, "Outputs": outputs}), encoding="utf-8")
        aws.deploy(file, stack_name="hikari-shop", quiet=True)
        with pytest.raises(drill.DrillError) as refused:
            drill.run("hikari-shop", orders=80)
        return str(refused.value)

    nowhere: dict[str, Any] = {key: {"Value": "x"} for key in OUTPUTS}
    assert "The output Front of your stack is 'x', which is not the function behind the HTTP API" in told(nowhere)
    functions = {name: {"Value": {"Fn::GetAtt": [name, "Arn"]}} for name in names}  # an ARN will do, too
    assert "The output QueueUrl of your stack is 'x', which is not the queue of orders" in told(nowhere | functions)


def test_a_shop_is_quiet_when_its_queues_are_empty_also_within_the_minute(shop: Shop, kit: Any) -> None:
    sqs, url = kit.client("sqs"), shop.outputs["QueueUrl"]
    for _ in range(2):  # the second purge within a minute is refused: the messages are taken out
        for n in range(12):
            sqs.send_message(QueueUrl=url, MessageBody=str(n))
        assert shop.depth(url) == 12
        faults.make_quiet(shop)
        assert shop.depth(url) == 0


def test_messages_are_read_and_stay_where_they_are(shop: Shop, kit: Any) -> None:
    sqs, url = kit.client("sqs"), shop.outputs["QueueUrl"]
    for body in ('{"order_id": "r1-00001"}', '{"order_id": "r1-00002"}', "no json"):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    handle = sqs.receive_message(QueueUrl=url)["Messages"][0]["ReceiptHandle"]
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
    found = evidence.messages(shop, url, limit_s=5)
    assert found == (DeadLetter("", 0), DeadLetter("r1-00001", 1), DeadLetter("r1-00002", 0))
    assert shop.depth(url) == 3
    assert len(sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]) == 3
    assert evidence.messages(shop, url, limit_s=0) == (DeadLetter("", 0),) * 3  # in flight: nobody sees which they are


def test_the_settings_of_a_queue(shop: Shop, kit: Any) -> None:
    url = shop.outputs["QueueUrl"]
    assert (shop.settings(url).visibility_timeout_s, shop.settings(url).max_receives) == (10.0, None)
    policy = json.dumps({"deadLetterTargetArn": kit.make_queue("dead").arn, "maxReceiveCount": 6})
    kit.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": policy})
    assert shop.settings(url).max_receives == 6


def test_a_paused_worker_reads_nothing_and_goes_on_afterwards(shop: Shop, kit: Any, tmp_path: Path) -> None:
    """Also when the visibility timeout was lowered below the function's timeout: it is what it was, afterwards."""
    sqs, url = kit.client("sqs"), shop.outputs["QueueUrl"]
    kit.deploy("worker", READS, Timeout=5, Environment={"Variables": {"SEEN": str(tmp_path)}})
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    kit.client("lambda").create_event_source_mapping(EventSourceArn=arn, FunctionName="worker")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "2"})
    with faults.paused(shop, "Worker"):
        sqs.send_message(QueueUrl=url, MessageBody="one")
        (mapping,) = kit.client("lambda").list_event_source_mappings(FunctionName="worker")["EventSourceMappings"]
        assert mapping["State"].startswith("Disabl")
        assert list(tmp_path.iterdir()) == []
    kit.eventually(lambda: list(tmp_path.iterdir()), "the worker has read the message")
    assert shop.settings(url).visibility_timeout_s == 2.0


@pytest.mark.parametrize("reserved", [None, 3])
def test_the_provider_is_down_for_a_while(shop: Shop, kit: Any, reserved: int | None) -> None:
    kit.deploy("provider", kit.COUNT)
    if reserved is not None:
        kit.client("lambda").put_function_concurrency(FunctionName="provider", ReservedConcurrentExecutions=reserved)
    noted: list[str] = []
    with faults.provider_down(shop, noted.append):
        assert kit.refused(lambda: kit.invoke("provider")).code == "TooManyRequestsException"
    assert kit.invoke("provider").payload["count"] == 1
    found = kit.client("lambda").get_function_concurrency(FunctionName="provider")
    assert found.get("ReservedConcurrentExecutions") == reserved
    assert noted == ["the payment provider is down", "the payment provider is back"]


def test_an_environment_is_killed_at_work(shop: Shop, kit: Any, tmp_path: Path) -> None:
    kit.deploy("worker", kit.HOLD, Timeout=60)
    killer = faults.Killer(shop)
    assert killer.kill(("Worker", "Front")) == 0
    with kit.held("worker", tmp_path / "held", 2) as calls:
        assert killer.kill(("Worker",), state="frozen") == 0
        assert killer.kill(("Worker",), state="busy", most=1) == 1
        kit.eventually(lambda: sum(call.done() for call in calls) == 1, "one call has ended")
    answers = [call.result() for call in calls]
    assert sorted(answer.error or "" for answer in answers) == ["", "Unhandled"]
    assert killer.killed == {"Worker": 1}


def test_report_lines_are_added_up(shop: Shop, kit: Any, tmp_path: Path) -> None:
    begun_s = time.time()
    kit.deploy("worker", READS, MemorySize=256)
    kit.deploy("provider", kit.HOLD, Timeout=60, LoggingConfig={"LogFormat": "JSON"})
    logs = [kit.invoke("worker", {}).log for _ in range(3)]
    with kit.held("provider", tmp_path / "held"):
        faults.Killer(shop).kill(("Provider",))
    provider, worker = evidence.functions(shop, begun_s)
    assert (worker.role, worker.memory_mb, worker.calls, worker.crashed, worker.refused) == ("Worker", 256, 3, 0, 3)
    billed = [float(log.split("Billed Duration: ")[1].split(" ms")[0]) for log in logs]
    assert worker.billed_ms == sum(billed)
    assert worker.longest_ms == max(float(log.split("\tDuration: ")[1].split(" ms")[0]) for log in logs)
    assert (provider.role, provider.calls, provider.crashed) == ("Provider", 1, 1)
    assert evidence.functions(shop, time.time() + 60)[1].calls == 0


def test_metrics_come_from_cloudwatch(shop: Shop, kit: Any) -> None:
    kit.deploy("worker", READS)
    begun_s = float(int(time.time()))
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: kit.invoke("worker", {}), range(4)))
    found = evidence.points(shop, begun_s, ("Front", "Worker"))
    assert {point.role for point in found} == {"Worker"}
    assert sum(point.invocations for point in found) == 4
    assert sum(point.errors + point.throttles for point in found) == 0
    assert max(point.concurrent for point in found) >= 1
    assert [point.time_s for point in found] == sorted({point.time_s for point in found})


def test_what_a_point_counts_is_for_a_second_however_long_the_drill_was(shop: Shop, kit: Any) -> None:
    kit.deploy("worker", READS)
    begun_s = float(int(time.time()) - 600)  # three seconds a point
    for _ in range(6):
        kit.invoke("worker", {})
    found = evidence.points(shop, begun_s, ("Worker",))
    assert sum(point.invocations for point in found) == pytest.approx(6 / 3)
    assert all((point.time_s / 3).is_integer() for point in found)


def test_transitions_are_the_states_that_executions_entered_with_their_tries(shop: Shop, kit: Any) -> None:
    states = kit.client("stepfunctions")
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 2}]
    call = {"FunctionName": "nobody"}
    definition = {
        "StartAt": "Begin",
        "States": {
            "Begin": {"Type": "Choice", "Choices": [{"Variable": "$.call", "BooleanEquals": True, "Next": "Call"}],
                      "Default": "End"},
            "Call": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": call, "Retry": retry,
                     "End": True},
            "End": {"Type": "Succeed"},
        },
    }  # fmt: skip
    machine = states.create_state_machine(name="payment", definition=json.dumps(definition), roleArn=kit.make_role())
    shop.outputs["PaymentMachineArn"] = arn = machine["stateMachineArn"]
    cloud.start(time_scale=60)
    states.start_execution(stateMachineArn=arn, name="earlier", input=json.dumps({"call": False}))
    begun_s = time.time()
    for name, called in (("r1-1", False), ("r1-2", True)):
        states.start_execution(stateMachineArn=arn, name=name, input=json.dumps({"call": called}))
    kit.eventually(lambda: shop.executions("RUNNING") == 0, "all have ended")
    counts, transitions = evidence.executions(shop, begun_s)
    cloud.start(time_scale=1)
    assert counts == {"FAILED": 1, "SUCCEEDED": 1}
    assert sorted(transitions) == [2, 2 + 2]
