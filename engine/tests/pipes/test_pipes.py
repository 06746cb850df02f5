"""EventBridge Pipes carry records from queues and streams through filter and enrichment to a target."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import serverless_cloud as cloud
from kits import fixtures, schedule_kit

ROLE = "arn:aws:iam::123456789012:role/hikari-pipes"
BUS = "arn:aws:events:us-east-1:123456789012:event-bus/default"

#: Adds the price to each order; an order without a lamp is left out.
PRICES = """
import json
PRICES = {"andon": 4200, "chochin": 1800}
def handler(event, context):
    orders = [json.loads(record["body"]) | {"messageId": record["messageId"]} for record in event]
    return [order | {"price": PRICES[order["lamp"]]} for order in orders if order.get("lamp")]
"""

#: Takes what it gets into its folder; the items whose order says so have failed, by the name that `KEY` gives.
PARTIAL = """
import base64, json, os, uuid
def handler(event, context):
    name = os.path.join(os.environ["FOLDER"], uuid.uuid4().hex)
    with open(name + ".part", "w") as file:
        json.dump(event, file)
    os.rename(name + ".part", name)
    failed = []
    for record in event:
        text = record["body"] if "body" in record else base64.b64decode(record["data"])
        if json.loads(text).get("broken"):
            failed.append({"itemIdentifier": record[os.environ["KEY"]]})
    return {"batchItemFailures": failed}
"""

cloud_of_module = fixtures.cloud_of(time_scale=100)


def send(kit: Any, queue: Any, *orders: dict[str, Any], **more: Any) -> None:
    for order in orders:
        kit.client("sqs").send_message(QueueUrl=queue.url, MessageBody=json.dumps(order), **more)


def pipe(kit: Any, name: str, source: str, target: str, **more: Any) -> dict[str, Any]:
    given = {"Name": name, "Source": source, "Target": target, "RoleArn": ROLE} | more
    return dict(kit.client("pipes").create_pipe(**given))


def test_from_a_queue_through_filter_and_enrichment_to_a_queue_and_what_changes(kit: Any) -> None:
    pipes, orders, priced = kit.client("pipes"), kit.make_queue("orders"), kit.make_queue("priced")
    template = '{"order": <$.id>, "text": "<$.lamp> for <$.price>", "pipe": "<aws.pipes.pipe-name>"}'
    answer = pipe(
        kit,
        "prices",
        orders.arn,
        priced.arn,
        SourceParameters={"FilterCriteria": {"Filters": [{"Pattern": '{"body": {"id": [{"numeric": [">", 1]}]}}'}]}},
        Enrichment=kit.deploy("prices", PRICES),
        TargetParameters={"InputTemplate": template},
        Tags={"shop": "hikari"},
    )
    assert (answer["Name"], answer["DesiredState"], answer["CurrentState"]) == ("prices", "RUNNING", "CREATING")
    assert pipes.describe_pipe(Name="prices")["CurrentState"] == "RUNNING"
    # The first is filtered away, and of the third the enrichment makes nothing.
    send(kit, orders, {"id": 1, "lamp": "andon"}, {"id": 2, "lamp": "andon"}, {"id": 3}, {"id": 4, "lamp": "chochin"})
    found = sorted(kit.records(priced, 2), key=lambda record: int(record["order"]))
    assert found == [
        {"order": 2, "text": "andon for 4200", "pipe": "prices"},
        {"order": 4, "text": "chochin for 1800", "pipe": "prices"},
    ]
    kit.eventually(lambda: _left(kit, orders) == 0, "all messages are deleted")

    stopped = pipes.stop_pipe(Name="prices")
    assert (stopped["DesiredState"], stopped["CurrentState"]) == ("STOPPED", "STOPPING")
    for _ in range(3):
        assert pipes.describe_pipe(Name="prices")["CurrentState"] == "STOPPED"
    send(kit, orders, {"id": 5, "lamp": "andon"})
    changed = {"TargetParameters": {"InputTemplate": "<$.body.id>"}, "Enrichment": ""}
    pipes.update_pipe(Name="prices", RoleArn=ROLE, **changed)
    assert "Enrichment" not in pipes.describe_pipe(Name="prices")
    assert pipes.list_pipes(CurrentState="STOPPED")["Pipes"][0]["Name"] == "prices"
    assert _left(kit, orders) == 1
    assert pipes.start_pipe(Name="prices")["CurrentState"] == "STARTING"
    assert kit.records(priced) == [5]
    assert pipes.delete_pipe(Name="prices")["CurrentState"] == "DELETING"
    assert kit.refused(lambda: pipes.describe_pipe(Name="prices")).code == "NotFoundException"
    pipe(kit, "prices", orders.arn, priced.arn, DesiredState="STOPPED")
    send(kit, orders, {"id": 6})
    assert pipes.describe_pipe(Name="prices")["CurrentState"] == "STOPPED"
    assert _left(kit, orders) == 1


def _left(kit: Any, queue: Any) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = kit.client("sqs").get_queue_attributes(QueueUrl=queue.url, AttributeNames=names)["Attributes"]
    return sum(int(found[name]) for name in names)


def test_a_function_gets_the_whole_batch_and_fails_in_part_or_whole(kit: Any, tmp_path: Path) -> None:
    dead = kit.make_queue("dead")
    redrive = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 2})
    orders = kit.make_queue("orders", VisibilityTimeout="1", RedrivePolicy=redrive)
    folder = tmp_path / "batches"
    folder.mkdir()
    variables = {"FOLDER": str(folder), "KEY": "messageId"}
    function = kit.deploy("ship", PARTIAL, Environment={"Variables": variables})
    pipe(kit, "ship", orders.arn, function, DesiredState="STOPPED")
    send(kit, orders, *({"id": number, "broken": number == 7} for number in range(12)))
    kit.client("pipes").start_pipe(Name="ship")
    (message,) = kit.received(dead)
    assert json.loads(message["Body"]) == {"id": 7, "broken": True}
    batches = schedule_kit.noted(folder, 3)
    assert max(len(batch) for batch in batches) == 10  # the batch size of a queue, if none is given
    assert sorted(json.loads(record["body"])["id"] for batch in batches for record in batch) == [
        *range(8),
        *range(7, 12),
    ]
    record = batches[0][0]
    assert set(record) == {"messageId", "receiptHandle", "body", "attributes", "messageAttributes", "md5OfBody",
                           "eventSource", "eventSourceARN", "awsRegion"}  # fmt: skip
    assert (record["eventSource"], record["eventSourceARN"]) == ("aws:sqs", orders.arn)
    kit.eventually(lambda: _left(kit, orders) == 0, "the others are deleted")
    kit.change_code("ship", "def handler(event, context):\n    raise ValueError('no van')")
    redrive = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 1})
    kit.client("sqs").set_queue_attributes(QueueUrl=orders.url, Attributes={"RedrivePolicy": redrive})
    kit.client("pipes").update_pipe(
        Name="ship", RoleArn=ROLE, SourceParameters={"SqsQueueParameters": {"BatchSize": 1}}
    )
    send(kit, orders, {"id": 20})
    assert kit.records(dead) == [{"id": 20}]


def test_streams_keep_their_shape_and_order_and_end_in_a_dead_letter(kit: Any, tmp_path: Path) -> None:
    kinesis, dead, changes = kit.client("kinesis"), kit.make_queue("dead"), kit.make_queue("changes")
    kinesis.create_stream(StreamName="clicks", ShardCount=1)
    stream = kinesis.describe_stream_summary(StreamName="clicks")["StreamDescriptionSummary"]["StreamARN"]
    folder = tmp_path / "batches"
    folder.mkdir()
    function = kit.deploy("count", PARTIAL, Environment={"Variables": {"FOLDER": str(folder), "KEY": "eventID"}})
    own = {"StartingPosition": "TRIM_HORIZON", "MaximumRetryAttempts": 1, "DeadLetterConfig": {"Arn": dead.arn}}
    pipe(kit, "clicks", stream, function, SourceParameters={"KinesisStreamParameters": own})
    for number in range(4):
        body = json.dumps({"id": number, "broken": number == 2}).encode()
        sent = kinesis.put_record(StreamName="clicks", Data=body, PartitionKey="shop")
        if number == 2:
            broken = sent["SequenceNumber"]
    (letter,) = kit.records(dead)
    arn = kit.client("pipes").describe_pipe(Name="clicks")["Arn"]
    assert letter["context"] == {"partnerResourceArn": arn, "condition": "RetryAttemptsExhausted"}
    assert letter["KinesisBatchInfo"]["startSequenceNumber"] == broken
    assert letter["KinesisBatchInfo"]["streamArn"] == stream
    batches = kit.eventually(
        lambda: (found := schedule_kit.noted(folder, 1)) and _has(found, 3) and found, "the last one"
    )
    record = batches[0][0]
    assert set(record) == {"kinesisSchemaVersion", "partitionKey", "sequenceNumber", "data", "eventSource",
                           "approximateArrivalTimestamp", "eventVersion", "eventID", "eventName", "invokeIdentityArn",
                           "awsRegion", "eventSourceARN"}  # fmt: skip
    # What an update does not name stays, and the pipe goes on where it was.
    change = {"KinesisStreamParameters": {"BatchSize": 7}}
    kit.client("pipes").update_pipe(Name="clicks", RoleArn=ROLE, SourceParameters=change)
    found = kit.client("pipes").describe_pipe(Name="clicks")["SourceParameters"]
    assert found == {"KinesisStreamParameters": own | {"BatchSize": 7}}
    kinesis.put_record(StreamName="clicks", Data=b'{"id": 9}', PartitionKey="shop")
    kit.eventually(lambda: _has(schedule_kit.noted(folder, 1), 9), "the record after the update")
    ids = _ids(schedule_kit.noted(folder, 1))
    assert set(ids) == {0, 1, 2, 3, 9}
    assert [ids.count(number) for number in (0, 1, 9)] == [1, 1, 1]  # 3 comes again after the broken one before it

    view = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    table = kit.make_table("orders", StreamSpecification=view)["LatestStreamArn"]
    start = {"DynamoDBStreamParameters": {"StartingPosition": "TRIM_HORIZON"}}
    template = {"InputTemplate": '{"lamp": <$.dynamodb.NewImage.lamp.S>, "what": "<$.eventName>"}'}
    pipe(kit, "changes", table, changes.arn, SourceParameters=start, TargetParameters=template)
    for lamp in ("andon", "chochin"):
        kit.client("dynamodb").put_item(TableName="orders", Item={"id": {"S": lamp}, "lamp": {"S": lamp}})
    assert kit.records(changes, 2) == [{"lamp": "andon", "what": "INSERT"}, {"lamp": "chochin", "what": "INSERT"}]


def _ids(batches: list[Any]) -> list[int]:
    return [json.loads(base64.b64decode(record["data"]))["id"] for batch in batches for record in batch]


def _has(batches: list[Any], number: int) -> bool:
    return number in _ids(batches)


def test_the_other_targets(kit: Any, tmp_path: Path) -> None:
    pipes, out = kit.client("pipes"), kit.make_queue("out")
    fifo = kit.make_queue("out.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    source = {name: kit.make_queue(name) for name in ("to-bus", "to-topic", "to-fifo", "to-function", "to-machine")}
    events = kit.client("events")
    events.put_rule(Name="from-pipes", EventPattern='{"source": [{"prefix": "Pipe "}]}')
    events.put_targets(Rule="from-pipes", Targets=[{"Id": "q", "Arn": out.arn}])
    pipe(kit, "bus", source["to-bus"].arn, BUS)
    send(kit, source["to-bus"], {"id": 1})
    (event,) = kit.records(out)
    assert (event["source"], event["detail-type"], event["resources"]) == ("Pipe bus", "Event from aws:sqs", [])
    assert event["detail"]["body"] == '{"id": 1}'
    own: dict[str, Any] = {
        "EventBridgeEventBusParameters": {"Source": "Pipe 2", "DetailType": "$.body.kind", "Resources": ["$.body.arn"]}
    }
    parameters = own | {"InputTemplate": '{"lamp": <$.body.lamp>}'}
    pipes.update_pipe(Name="bus", RoleArn=ROLE, TargetParameters=parameters)
    send(kit, source["to-bus"], {"kind": "Sale", "arn": "arn:lamp", "lamp": "andon"})
    (event,) = kit.records(out)
    assert (event["source"], event["detail-type"], event["resources"]) == ("Pipe 2", "Sale", ["arn:lamp"])
    assert event["detail"] == {"lamp": "andon"}

    topic = kit.client("sns").create_topic(Name="sale")["TopicArn"]
    attributes = {"RawMessageDelivery": "true"}
    kit.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=out.arn, Attributes=attributes)
    pipe(kit, "topic", source["to-topic"].arn, topic, TargetParameters={"InputTemplate": "New: <$.body.lamp>"})
    send(kit, source["to-topic"], {"lamp": "andon"})
    assert [message["Body"] for message in kit.received(out)] == ["New: andon"]

    own = {"SqsQueueParameters": {"MessageGroupId": "$.body.shop"}, "InputTemplate": "<$.body.id>"}
    pipe(kit, "fifo", source["to-fifo"].arn, fifo.arn, TargetParameters=own)
    send(kit, source["to-fifo"], {"id": 1, "shop": "kyoto"})
    (message,) = kit.client("sqs").receive_message(
        QueueUrl=fifo.url, WaitTimeSeconds=10, AttributeNames=["MessageGroupId"]
    )["Messages"]
    assert (message["Body"], message["Attributes"]["MessageGroupId"]) == ("1", "kyoto")

    function = schedule_kit.deploy_note("note", tmp_path / "noted")
    forget: dict[str, Any] = {
        "LambdaFunctionParameters": {"InvocationType": "FIRE_AND_FORGET"},
        "InputTemplate": "<$.body>",
    }
    pipe(kit, "function", source["to-function"].arn, function, TargetParameters=forget)
    send(kit, source["to-function"], {"id": 3})
    assert schedule_kit.noted(tmp_path / "noted", 1) == [[{"id": 3}]]

    states = kit.client("stepfunctions")
    definition = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Pass", "End": True}}})
    machine = states.create_state_machine(name="ship", definition=definition, roleArn=ROLE)["stateMachineArn"]
    refusal = kit.refused(lambda: pipe(kit, "machine", source["to-machine"].arn, machine))
    assert "FIRE_AND_FORGET" in refusal.message
    forget = {"StepFunctionStateMachineParameters": {"InvocationType": "FIRE_AND_FORGET"}, "InputTemplate": "<$.body>"}
    pipe(kit, "machine", source["to-machine"].arn, machine, TargetParameters=forget)
    send(kit, source["to-machine"], {"id": 4})
    (execution,) = kit.eventually(lambda: states.list_executions(stateMachineArn=machine)["executions"], "an execution")
    given = states.describe_execution(executionArn=execution["executionArn"])["input"]
    assert json.loads(given) == [{"id": 4}]


def test_what_pipes_refuses(kit: Any) -> None:
    orders, fifo, out = kit.make_queue("orders"), kit.make_queue("in.fifo", FifoQueue="true"), kit.make_queue("out")
    place = "arn:aws:{}:us-east-1:123456789012:{}"
    stream, gone = place.format("kinesis", "stream/gone"), place.format("sqs", "gone")
    pipe(kit, "there", orders.arn, out.arn, DesiredState="STOPPED")
    sqs, start = "SqsQueueParameters", {"KinesisStreamParameters": {"StartingPosition": "LATEST"}}
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"Name": "there"}, "ConflictException", "Pipe there already exists."),
        ({"Name": "a b"}, "ValidationException", "Value 'a b' at 'name'"),
        ({"DesiredState": "OPEN"}, "ValidationException", "[RUNNING, STOPPED]"),
        ({"RoleArn": "x"}, "ValidationException", "'roleArn'"),
        ({"Source": gone}, "ValidationException", f"The source {gone} does not exist"),
        ({"Source": stream}, "ValidationException", "StartingPosition"),
        ({"Source": stream, "SourceParameters": start}, "ValidationException", "does not exist"),
        ({"Source": place.format("sns", "sale")}, "ValidationException", "can't be the source of a pipe"),
        ({"Source": place.format("mq", "broker:b")}, "NotImplementedException", "broker:b"),
        ({"SourceParameters": start}, "ValidationException", "SourceParameters has KinesisStreamParameters"),
        ({"SourceParameters": {sqs: {"BatchSize": 11, "MaximumBatchingWindowInSeconds": 1}}}, "ValidationException",
         "must be at most 10"),
        ({"Source": fifo.arn, "SourceParameters": {sqs: {"MaximumBatchingWindowInSeconds": 1}}}, "ValidationException",
         "no batching window"),
        ({"SourceParameters": {"FilterCriteria": {"Filters": [{"Pattern": "{"}]}}}, "ValidationException", "not valid"),
        ({"Enrichment": place.format("execute-api", "x/prod/GET/")}, "NotImplementedException", "execute-api"),
        ({"Target": place.format("ecs", "cluster/c")}, "NotImplementedException", "cluster/c"),
        ({"TargetParameters": {"InputTemplate": "<aws.pipes.x>"}}, "ValidationException", "<aws.pipes.x>"),
        ({"TargetParameters": {"KinesisStreamParameters": {"PartitionKey": "1"}}}, "ValidationException",
         "TargetParameters has KinesisStreamParameters"),
        ({"Target": fifo.arn}, "ValidationException", "MessageGroupId"),
        ({"LogConfiguration": {"Level": "INFO"}}, "NotImplementedException", "LogConfiguration in pipes"),
        ({"KmsKeyIdentifier": "alias/k"}, "NotImplementedException", "KmsKeyIdentifier in pipes"),
    ]  # fmt: skip
    for change, code, words in cases:
        given = {"name": "no", "source": orders.arn, "target": out.arn}
        given = {key: change.get(key.capitalize(), value) for key, value in given.items()}
        more = {key: value for key, value in change.items() if key not in ("Name", "Source", "Target")}
        refusal = kit.refused(lambda given=given, more=more: pipe(kit, **given, **more))
        assert refusal.code == code, (change, refusal)
        assert words in refusal.message, (change, refusal)
    assert [each["Name"] for each in kit.client("pipes").list_pipes()["Pipes"]] == ["there"]


def test_permissions_and_reset(aws: cloud.Cloud, kit: Any) -> None:
    orders, dead, out = kit.make_queue("orders", VisibilityTimeout="1"), kit.make_queue("dead"), kit.make_queue("out")
    redrive = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 1})
    kit.client("sqs").set_queue_attributes(QueueUrl=orders.url, Attributes={"RedrivePolicy": redrive})
    lambdas = schedule_kit.service_role("lambdas", "lambda.amazonaws.com")
    reads = [(f"sqs:{call}", orders.arn) for call in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")]
    role = schedule_kit.service_role("pipes", "pipes.amazonaws.com", allow=reads)

    def found(name: str) -> dict[str, Any]:
        return dict(kit.client("pipes").describe_pipe(Name=name))

    cloud.start(enforce_iam=True)
    try:
        refusal = kit.refused(lambda: pipe(kit, "no", orders.arn, out.arn, RoleArn=lambdas))
        assert (refusal.code, "cannot be assumed" in refusal.message) == ("ValidationException", True)
        pipe(kit, "reads", orders.arn, out.arn, RoleArn=role)
        send(kit, orders, {"id": 1})
        assert kit.records(dead) == [{"id": 1}]  # the role may not send
        assert "NO_PERMISSIONS" in found("reads")["StateReason"]
        pipe(kit, "blind", orders.arn, out.arn, RoleArn=schedule_kit.service_role("blind", "pipes.amazonaws.com"))
        assert found("blind")["CurrentState"] == "CREATE_FAILED"
        assert "does not have permissions to call ReceiveMessage on SQS" in found("blind")["StateReason"]
    finally:
        cloud.start(enforce_iam=False)
    kit.client("pipes").start_pipe(Name="blind")  # nothing is in its way any more
    assert (found("blind")["CurrentState"], found("blind")["StateReason"]) == ("RUNNING", "USER_INITIATED")
    kit.client("kinesis").create_stream(StreamName="clicks", ShardCount=1)
    own = {"StartingPosition": "LATEST", "DeadLetterConfig": {"Arn": dead.arn + "-gone"}}
    clicks = "arn:aws:kinesis:us-east-1:123456789012:stream/clicks"
    pipe(kit, "clicks", clicks, out.arn, SourceParameters={"KinesisStreamParameters": own})
    assert found("clicks")["CurrentState"] == "CREATE_FAILED"
    assert f"sending message to SQS queue: {dead.arn}-gone" in found("clicks")["StateReason"]
    aws.reset()
    orders, out = kit.make_queue("orders"), kit.make_queue("out")
    send(kit, orders, {"id": 2})
    assert kit.client("pipes").list_pipes()["Pipes"] == []
    assert kit.records(orders) == [{"id": 2}]  # nobody else has taken it
