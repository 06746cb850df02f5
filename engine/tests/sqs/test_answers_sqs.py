"""Answers of SQS as AWS gives them: FIFO queues, batches, receipts, attributes, and the older query protocol."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import urlencode

import pytest
import urllib3
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from kits import mapping_kit

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def _sqs(kit: Any) -> Any:
    return kit.client("sqs")


def _fifo(kit: Any, *bodies: str, **attributes: str) -> Any:
    """A FIFO queue with one message for each "GROUP-BODY"."""
    queue = kit.make_queue("orders.fifo", FifoQueue="true", **attributes)
    for body in bodies:
        _sqs(kit).send_message(
            QueueUrl=queue.url, MessageBody=body, MessageGroupId=body[0], MessageDeduplicationId=body
        )
    return queue


def _receive(kit: Any, queue: Any, most: int = 10, **more: Any) -> list[dict[str, Any]]:
    return list(_sqs(kit).receive_message(QueueUrl=queue.url, MaxNumberOfMessages=most, **more).get("Messages", []))


def _bodies(messages: list[dict[str, Any]]) -> list[str]:
    return [message["Body"] for message in messages]


def _hide(kit: Any, queue: Any, message: dict[str, Any], timeout_s: int) -> Any:
    return _sqs(kit).change_message_visibility(
        QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=timeout_s
    )


def _error(call: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        call()
    return dict(caught.value.response["Error"])


# ---- FIFO queues


def test_a_group_is_open_when_a_message_comes_back(kit: Any) -> None:
    queue = _fifo(kit, "a-1", "a-2", "a-3", "b-1")
    first, second = _receive(kit, queue, 2)
    assert _bodies(_receive(kit, queue, 1)) == ["b-1"]
    assert not _receive(kit, queue)  # both groups are in flight
    _hide(kit, queue, first, 0)
    kit.eventually(lambda: mapping_kit.visible(queue) == 2, "a-1 is back beside a-3")
    assert _bodies(_receive(kit, queue, 1)) == ["a-1"]  # a-2 is still in flight
    assert second["Body"] == "a-2"


def test_a_message_that_comes_back_does_not_overtake_an_older_one_in_flight(kit: Any) -> None:
    queue = _fifo(kit, "a-1", "a-2", "a-3")
    first, second = _receive(kit, queue, 2)
    _hide(kit, queue, second, 0)
    kit.eventually(lambda: mapping_kit.visible(queue) == 2, "a-2 is back beside a-3")
    assert not _receive(kit, queue)  # a-1 is still in flight
    _hide(kit, queue, first, 0)
    kit.eventually(lambda: mapping_kit.visible(queue) == 3, "a-1 is back")
    assert _bodies(_receive(kit, queue)) == ["a-1", "a-2", "a-3"]


def test_groups_that_come_back_are_last(kit: Any) -> None:
    queue = _fifo(kit, "a-1", "a-2", "b-1")
    for message in _receive(kit, queue, 1):
        _hide(kit, queue, message, 0)
    kit.eventually(lambda: mapping_kit.visible(queue) == 3, "a-1 is back")
    assert _bodies(_receive(kit, queue)) == ["b-1", "a-1", "a-2"]


def test_an_expired_receipt_of_a_fifo_queue_is_refused(kit: Any) -> None:
    queue = _fifo(kit, "a-1")
    (message,) = _receive(kit, queue, VisibilityTimeout=0)
    handle = message["ReceiptHandle"]
    error = _error(lambda: _sqs(kit).delete_message(QueueUrl=queue.url, ReceiptHandle=handle))
    assert error["Message"] == (
        f"Value {handle} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired."
    )
    (row,) = _sqs(kit).delete_message_batch(QueueUrl=queue.url, Entries=[{"Id": "1", "ReceiptHandle": handle}])[
        "Failed"
    ]
    assert (row["Code"], row["Message"], row["SenderFault"]) == ("InvalidParameterValue", error["Message"], True)
    (again,) = _receive(kit, queue, VisibilityTimeout=0)
    assert "not available for visibility timeout change" in _error(lambda: _hide(kit, queue, message, 9))["Message"]
    _hide(kit, queue, again, 9)  # late, but it was received last
    assert mapping_kit.visible(queue) == 0
    _sqs(kit).delete_message(QueueUrl=queue.url, ReceiptHandle=again["ReceiptHandle"])
    other = kit.make_queue("other")  # a standard queue is patient
    mapping_kit.send(other, ["lamp"])
    (message,) = _receive(kit, other, VisibilityTimeout=0)
    _hide(kit, other, message, 9)
    assert mapping_kit.visible(other) == 0
    _sqs(kit).delete_message(QueueUrl=other.url, ReceiptHandle=message["ReceiptHandle"])


def test_a_fifo_queue_delays_all_messages_alike(kit: Any) -> None:
    queue = _fifo(kit, DelaySeconds="60")
    _sqs(kit).send_message(
        QueueUrl=queue.url, MessageBody="a", MessageGroupId="a", MessageDeduplicationId="1", DelaySeconds=0
    )
    assert not _receive(kit, queue)
    standard = kit.make_queue("orders", DelaySeconds="60")
    _sqs(kit).send_message(QueueUrl=standard.url, MessageBody="a", DelaySeconds=0)
    assert _receive(kit, standard)


def test_what_a_fifo_queue_has_seen(kit: Any) -> None:
    queue = _fifo(kit, "a-1")
    sent = {"QueueUrl": queue.url, "MessageBody": "again", "MessageDeduplicationId": "a-1"}
    _sqs(kit).set_queue_attributes(QueueUrl=queue.url, Attributes={"DeduplicationScope": "messageGroup"})
    _sqs(kit).send_message(**sent, MessageGroupId="b")
    assert mapping_kit.visible(queue) == 1  # seen when the scope was the queue
    _sqs(kit).purge_queue(QueueUrl=queue.url)
    _sqs(kit).send_message(**sent, MessageGroupId="b")
    _sqs(kit).send_message(**sent, MessageGroupId="c")
    assert mapping_kit.visible(queue) == 2
    _sqs(kit).set_queue_attributes(QueueUrl=queue.url, Attributes={"DeduplicationScope": "queue"})
    _sqs(kit).send_message(**sent, MessageGroupId="b")
    assert mapping_kit.visible(queue) == 2  # seen when the scope was the group


def test_a_batch_without_groups_or_identifiers_is_refused_as_a_whole(kit: Any) -> None:
    queue = _fifo(kit)
    good = {"Id": "good", "MessageBody": "a", "MessageGroupId": "a", "MessageDeduplicationId": "1"}
    for missing, code, kind in (
        ("MessageGroupId", "MissingParameter", "MissingRequiredParameterException"),
        ("MessageDeduplicationId", "InvalidParameterValue", "InvalidParameterValueException"),
    ):
        bad = {name: value for name, value in good.items() if name != missing} | {"Id": "bad"}
        error = _error(lambda bad=bad: _sqs(kit).send_message_batch(QueueUrl=queue.url, Entries=[good, bad]))
        assert (error["Code"], error["QueryErrorCode"], error["Type"]) == (code, kind, "Sender")
    assert mapping_kit.visible(queue) == 0


# ---- batches, messages


def test_empty_lists_are_left_out(kit: Any) -> None:
    queue, sqs = kit.make_queue("orders"), _sqs(kit)
    trace = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5e1b4151"}}
    entry = {"Id": "1", "MessageBody": "lamp", "MessageSystemAttributes": trace}
    answer = sqs.send_message_batch(QueueUrl=queue.url, Entries=[entry])
    alone = sqs.send_message(QueueUrl=queue.url, MessageBody="lamp", MessageSystemAttributes=trace)
    assert answer["Successful"][0]["MD5OfMessageSystemAttributes"] == alone["MD5OfMessageSystemAttributes"]
    messages = _receive(kit, queue, 1)
    hidden = sqs.change_message_visibility_batch(
        QueueUrl=queue.url,
        Entries=[{"Id": "1", "ReceiptHandle": messages[0]["ReceiptHandle"], "VisibilityTimeout": 9}],
    )
    twice = [{"Id": each, "ReceiptHandle": messages[0]["ReceiptHandle"]} for each in "ab"]
    deleted = sqs.delete_message_batch(QueueUrl=queue.url, Entries=twice)
    assert [row["Id"] for row in deleted["Successful"]] == ["a", "b"]
    assert not any("Failed" in each for each in (answer, hidden, deleted))
    failed = sqs.delete_message_batch(QueueUrl=queue.url, Entries=[{"Id": "a", "ReceiptHandle": "lamp"}])
    assert "Successful" not in failed
    assert failed["Failed"][0]["Message"] == 'The input receipt handle "lamp" is not a valid receipt handle.'
    assert "Tags" not in sqs.list_queue_tags(QueueUrl=queue.url)


def test_attributes_of_messages(kit: Any) -> None:
    queue, sqs = kit.make_queue("orders"), kit.client("sqs")
    text = {"DataType": "String", "StringValue": "x"}

    def add_trace(request: Any, **_: Any) -> None:
        request.headers["X-Amzn-Trace-Id"] = "Root=1-3152b799;Sampled=1"

    sqs.meta.events.register("before-sign.sqs.SendMessage", add_trace)
    sqs.send_message(QueueUrl=queue.url, MessageBody="lamp", MessageAttributes={"größe": text, "b": text})
    (message,) = _receive(kit, queue, MessageAttributeNames=["*"], MessageSystemAttributeNames=["AWSTraceHeader"])
    assert set(message["MessageAttributes"]) == {"größe", "b"}
    assert message["Attributes"] == {"AWSTraceHeader": "Root=1-3152b799;Sampled=1"}
    bad = {"a": text | {"StringValue": "lamp\x08"}}
    error = _error(lambda: sqs.send_message(QueueUrl=queue.url, MessageBody="lamp", MessageAttributes=bad))
    assert (error["Code"], "Invalid characters found." in error["Message"]) == ("InvalidParameterValue", True)


def test_values_of_message_attributes(kit: Any) -> None:
    queue, sqs = kit.make_queue("orders"), _sqs(kit)
    prefixes = "You must use only the following supported type prefixes: Binary, Number, String."
    for given, words in (
        ({"DataType": "Lamp", "StringValue": "x"}, f"The type of message (user) attribute 'a' is invalid. {prefixes}"),
        ({"DataType": "", "StringValue": "x"}, "Message (user) attribute 'a' must contain a non-empty attribute type."),
        ({"DataType": "String", "StringValue": ""},
         "Message (user) attribute 'a' must contain a non-empty value of type 'String'."),
        ({"DataType": "Number.int", "StringValue": "x"},
         "Can't cast the value of message (user) attribute 'a' to a number."),
    ):  # fmt: skip
        error = _error(
            lambda given=given: sqs.send_message(QueueUrl=queue.url, MessageBody="lamp", MessageAttributes={"a": given})
        )
        assert (error["Code"], error["Message"]) == ("InvalidParameterValue", words)
        entries = [{"Id": "bad", "MessageBody": "lamp", "MessageAttributes": {"a": given}}]
        (row,) = sqs.send_message_batch(QueueUrl=queue.url, Entries=entries)["Failed"]
        assert (row["Id"], row["Message"]) == ("bad", words)
        error = _error(
            lambda given=given: sqs.send_message(
                QueueUrl=queue.url, MessageBody="lamp", MessageSystemAttributes={"AWSTraceHeader": given}
            )
        )
        assert error["Message"] == words.replace("'a'", "'AWSTraceHeader'")
    assert mapping_kit.visible(queue) == 0
    for ask, parameter in ((sqs.get_queue_attributes, "AttributeNames"), (sqs.receive_message, "AttributeNames"),
                           (sqs.receive_message, "MessageSystemAttributeNames")):  # fmt: skip
        error = _error(lambda ask=ask, p=parameter: ask(QueueUrl=queue.url, **{p: ["Moon", "Lamp"]}))
        assert error["Message"] == "Unknown Attribute Moon."


# ---- attributes of queues


def test_attributes_that_exclude_each_other(kit: Any) -> None:
    queue, sqs = kit.make_queue("orders"), _sqs(kit)
    names = ["Policy", "KmsMasterKeyId", "SqsManagedSseEnabled"]

    def told() -> dict[str, str]:
        return dict(sqs.get_queue_attributes(QueueUrl=queue.url, AttributeNames=names).get("Attributes", {}))

    sqs.add_permission(QueueUrl=queue.url, Label="moon", AWSAccountIds=["111111111111"], Actions=["SendMessage"])
    sqs.set_queue_attributes(QueueUrl=queue.url, Attributes={"KmsMasterKeyId": "alias/lamp"})
    policy = json.loads(told()["Policy"])  # it outlasts the change of another attribute
    assert (policy["Version"], policy["Statement"][0]["Sid"]) == ("2008-10-17", "moon")
    assert (told()["KmsMasterKeyId"], told()["SqsManagedSseEnabled"]) == ("alias/lamp", "false")
    sqs.set_queue_attributes(QueueUrl=queue.url, Attributes={"SqsManagedSseEnabled": "true"})
    assert "KmsMasterKeyId" not in told()
    both = {"KmsMasterKeyId": "alias/lamp", "SqsManagedSseEnabled": "true"}
    assert "one type of server-side encryption" in _error(lambda: kit.make_queue("both", **both))["Message"]


def test_names_and_types_of_queues(kit: Any) -> None:
    sqs, fifo, queue = _sqs(kit), _fifo(kit), kit.make_queue("standard")
    letters = "can only include alphanumeric characters, hyphens, or underscores"
    redrive = json.dumps({"deadLetterTargetArn": "dummy", "maxReceiveCount": 3})
    invalid_redrive = "for parameter RedrivePolicy is invalid. Reason"
    creations = [
        ("a.fifo", {}, f"{letters.capitalize()}. 1 to 80 in length"),
        ("a", {"FifoQueue": "true"}, f"The name of a FIFO queue {letters}, must end with .fifo suffix and be 1 to 80 "
         "in length"),
        ("a", {"FifoQueue": "false"}, "Unknown Attribute FifoQueue."),
        ("a", {"RedrivePolicy": redrive}, f"Value {redrive} {invalid_redrive}: Invalid value for deadLetterTargetArn."),
        ("a", {"RedrivePolicy": "{}"}, f"Value {{}} {invalid_redrive}: Redrive policy does not contain mandatory "
         "attribute: maxReceiveCount."),
    ]  # fmt: skip
    for name, attributes, message in creations:
        error = _error(lambda name=name, given=attributes: sqs.create_queue(QueueName=name, Attributes=given))
        assert error["Message"] == message
    invalid = "Invalid value for the parameter"
    changes = [
        (queue, {"FifoQueue": "true"}, "Unknown Attribute FifoQueue."),
        (fifo, {"FifoQueue": "false"}, f"{invalid} FifoQueue. Reason: Modifying queue type is not supported."),
        (fifo, {"DeduplicationScope": "lamp"}, f"{invalid} DeduplicationScope."),
        (fifo, {"FifoThroughputLimit": "perMessageGroupId"}, f"{invalid} FifoThroughputLimit."),
    ]
    for one, attributes, message in changes:
        error = _error(lambda one=one, given=attributes: sqs.set_queue_attributes(QueueUrl=one.url, Attributes=given))
        assert error["Message"] == message
    elsewhere = _error(lambda: sqs.get_queue_url(QueueName="standard", QueueOwnerAWSAccountId="111111111111"))
    assert elsewhere["Code"] == "AWS.SimpleQueueService.NonExistentQueue"


def test_a_stack_takes_properties_of_its_queue_away(kit: Any) -> None:
    """What a template no longer sets has the value of a new queue again."""
    stacks, sqs = kit.client("cloudformation"), _sqs(kit)

    def template(**properties: Any) -> str:
        queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "orders.fifo", "FifoQueue": True} | properties}
        return json.dumps({"Resources": {"Queue": queue}})

    def told() -> dict[str, str]:
        url = sqs.get_queue_url(QueueName="orders.fifo")["QueueUrl"]
        return dict(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"])

    limits = {"DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}
    full = template(KmsMasterKeyId="alias/lamp", **limits)
    stacks.create_stack(StackName="shop", TemplateBody=full)
    assert told() | limits | {"SqsManagedSseEnabled": "false", "KmsMasterKeyId": "alias/lamp"} == told()
    stacks.update_stack(StackName="shop", TemplateBody=template())
    assert (told()["DeduplicationScope"], told()["FifoThroughputLimit"]) == ("queue", "perQueue")
    assert (told()["SqsManagedSseEnabled"], "KmsMasterKeyId" in told()) == ("true", False)


def test_labels_accounts_and_tags(kit: Any) -> None:
    queue, sqs = kit.make_queue("orders"), _sqs(kit)
    good = {"QueueUrl": queue.url, "Label": "moon", "AWSAccountIds": ["111111111111"], "Actions": ["SendMessage"]}
    for wrong, message in (
        ({"Label": "two words"}, "Value two words for parameter Label is invalid."),
        ({"AWSAccountIds": ["1"]}, "Value [1] for parameter PrincipalId is invalid. Reason: Unable to verify."),
    ):
        error = _error(lambda wrong=wrong: sqs.add_permission(**good | wrong))
        assert (error["Code"], error["Message"].startswith(message)) == ("InvalidParameterValue", True)
    for key in ("", "x" * 129):
        error = _error(lambda key=key: sqs.tag_queue(QueueUrl=queue.url, Tags={key: "lamp"}))
        assert error["Message"] == "Tag keys must be between 1 and 128 characters in length."


# ---- the query protocol


def _query(
    address: str, auth: Any = SigV4Auth, accept: str = "", service: str = "sqs", **given: str
) -> tuple[int, str]:
    """Status and text of the answer to a GET."""
    request = AWSRequest("GET", f"{address}?{urlencode(given)}" if given else address, {"Accept": accept})
    if auth is not None:
        auth(Credentials("local", "local"), service, "us-east-1").add_auth(request)
    prepared = request.prepare()
    answer = urllib3.request("GET", prepared.url, headers=dict(prepared.headers), retries=False)
    return answer.status, answer.data.decode()


def test_a_queue_is_asked_at_its_address(kit: Any) -> None:
    queue = kit.make_queue("orders")
    for auth in (SigV4Auth, SigV4QueryAuth, None):
        status, text = _query(queue.url, auth, Action="GetQueueAttributes", **{"AttributeName.1": "QueueArn"})
        assert (status, f"<Value>{queue.arn}</Value>" in text) == (200, True), text
        status, text = _query(f"{queue.url}/", auth, Action="GetQueueAttributes", **{"AttributeName.1": "QueueArn"})
        assert (status, f"<Value>{queue.arn}</Value>" in text) == (200, True), text
    told = _sqs(kit).get_queue_attributes(QueueUrl=f"{queue.url}/", AttributeNames=["QueueArn"])
    assert told["Attributes"]["QueueArn"] == queue.arn
    _query(queue.url, Action="SendMessage", MessageBody='{"lamp": "moon"}')
    host = queue.url.rpartition("/")[0].rpartition("/")[0] + "/"
    json_answer = json.loads(_query(host, SigV4QueryAuth, "application/json", Action="ListQueues")[1])
    assert json_answer["ListQueuesResponse"]["ListQueuesResult"] == {"queueUrls": [queue.url]}
    answer = json.loads(_query(queue.url, accept="application/json", Action="ReceiveMessage")[1])
    (message,) = answer["ReceiveMessageResponse"]["ReceiveMessageResult"]["messages"]
    assert message["Body"] == '{"lamp": "moon"}'


def test_redrive_has_its_names_in_xml(kit: Any) -> None:
    queue = kit.make_queue("orders")
    text = _query(queue.url, Action="ListMessageMoveTasks", SourceArn=queue.arn)[1]
    assert "<ListMessageMoveTasksResult/>" in text
    policy = json.dumps({"deadLetterTargetArn": queue.arn, "maxReceiveCount": 1})
    source = kit.make_queue("source", RedrivePolicy=policy)
    told = _sqs(kit).get_queue_attributes(QueueUrl=source.url, AttributeNames=["RedrivePolicy"])["Attributes"]
    assert told["RedrivePolicy"] == f'{{"deadLetterTargetArn":"{queue.arn}","maxReceiveCount":1}}'
    handle = _sqs(kit).start_message_move_task(SourceArn=queue.arn)["TaskHandle"]
    assert f'"sourceArn":"{queue.arn}"' in base64.b64decode(handle).decode()
    text = _query(queue.url, Action="ListMessageMoveTasks", SourceArn=queue.arn)[1]
    assert text.count("<Result><") == 1
    assert text.index("<ListMessageMoveTasksResult>") < text.index("<Result><")


def test_what_an_address_of_a_queue_refuses(kit: Any) -> None:
    queue = kit.make_queue("orders")
    assert _query(queue.url) == (404, "<UnknownOperationException/>")
    for action in ("Lamp", "CreateQueue"):
        status, text = _query(queue.url, Action=action, QueueName="x")
        assert (status, "<Type>Sender</Type><Code>InvalidAction</Code>" in text) == (400, True), text
        assert f"<Message>The action {action} is not valid for this endpoint.</Message>" in text
    for action, parameter in (("SendMessage", "MessageBody"), ("GetQueueUrl", "QueueName")):
        text = _query(queue.url, Action=action)[1]
        assert f"<Message>The request must contain the parameter {parameter}.</Message>" in text
    status, text = _query(queue.url, accept="application/json", Action="ListQueues")
    assert (status, json.loads(text)["Error"]["Code"]) == (400, "InvalidAction")
    host = queue.url.rpartition("/")[0].rpartition("/")[0] + "/"
    for auth in (SigV4Auth, SigV4QueryAuth):  # another service with this protocol
        status, text = _query(host, auth, service="sns", Action="Lamp", Version="2010-03-31")
        assert (status, "<Message>Could not find operation Lamp for version 2010-03-31<" in text) == (400, True), text
    status, text = _query(f"{queue.url}-none", Action="ReceiveMessage")
    assert text.count("The specified queue does not exist") == 1  # no second <message>
    assert "<Detail/>" in text
