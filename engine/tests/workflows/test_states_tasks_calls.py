"""Tasks of a state machine call functions and services of this cloud: what they send, what they get, how they fail."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import serverless_cloud as cloud
from kits import events_kit, fixtures, iam_kit, states_kit as sk
from kits.states_kit import task

PRICE = """
import os
def handler(event, context):
    if event.get("lamp") == "none":
        raise LookupError("there is no such lamp")
    if event.get("lamp") == "broken":
        os._exit(3)
    return {"price_yen": 1200 * event["quantity"], "version": context.function_version}
"""

cloud_of_module = fixtures.cloud_of(time_scale=60)

_numbers = itertools.count(1)


def run(state: dict[str, Any], given: Any = None) -> Any:
    """Runs a machine with this one state."""
    return sk.run_once(sk.steps(Call=state), given, name=f"calls-{next(_numbers)}")


# ---- Lambda


def test_a_function_by_its_arn_gives_its_payload(kit: Any) -> None:
    arn = kit.deploy("price", PRICE)
    done = sk.run_once(sk.steps(Price={"Type": "Task", "Resource": arn, "End": True}), {"quantity": 2})
    assert sk.succeeded(done) == {"price_yen": 2400, "version": "$LATEST"}
    assert done.types[2:5] == ["LambdaFunctionScheduled", "LambdaFunctionStarted", "LambdaFunctionSucceeded"]
    assert done.details("LambdaFunctionScheduled")[0]["resource"] == arn


def test_lambda_invoke_gives_all_that_invoke_answers(kit: Any) -> None:
    kit.deploy("price", PRICE)
    version = kit.publish("price")
    given = {"FunctionName": "price", "Qualifier": version, "Payload": {"quantity.$": "$.lamps"}}
    output = sk.succeeded(run(task("lambda:invoke", given), {"lamps": 3}))
    assert output["Payload"] == {"price_yen": 3600, "version": version}
    assert (output["StatusCode"], output["ExecutedVersion"]) == (200, version)
    assert output["SdkHttpMetadata"]["HttpStatusCode"] == 200
    assert output["SdkResponseMetadata"]["RequestId"]


def test_lambda_invoke_can_leave_the_function_to_itself(kit: Any) -> None:
    kit.deploy("price", PRICE)
    done = run(task("lambda:invoke", {"FunctionName": "price", "InvocationType": "Event", "Payload": {"quantity": 1}}))
    assert sk.succeeded(done)["StatusCode"] == 202


@pytest.mark.parametrize("by", ["arn", "invoke"])
def test_the_class_of_an_exception_is_the_name_of_the_error(kit: Any, by: str) -> None:
    arn = kit.deploy("price", PRICE)
    invoke = task("lambda:invoke", {"FunctionName": arn, "Payload.$": "$"})
    state = invoke if by == "invoke" else {"Type": "Task", "Resource": arn, "End": True}
    done = sk.failed(run(state, {"lamp": "none"}), "LookupError")
    cause = json.loads(done.cause)
    assert (cause["errorMessage"], cause["errorType"]) == ("there is no such lamp", "LookupError")
    assert done.types[-2] == {"arn": "LambdaFunctionFailed", "invoke": "TaskFailed"}[by]


def test_an_environment_that_dies_is_an_error_of_the_runtime(kit: Any) -> None:
    arn = kit.deploy("price", PRICE)
    assert run({"Type": "Task", "Resource": arn, "End": True}, {"lamp": "broken"}).error == "Runtime.ExitError"


def test_what_lambda_refuses_has_lambdas_name(kit: Any) -> None:
    arn = kit.deploy("price", PRICE)
    kit.client("lambda").put_function_concurrency(FunctionName="price", ReservedConcurrentExecutions=0)
    for state in (
        {"Type": "Task", "Resource": arn, "End": True},
        task("lambda:invoke", {"FunctionName": arn, "Payload.$": "$"}),
    ):
        done = run(state, {"quantity": 1})
        assert done.error == "Lambda.TooManyRequestsException"
        assert "Service: AWSLambda; Status Code: 429; Error Code: TooManyRequestsException" in done.cause
    assert run(task("lambda:invoke", {"FunctionName": "prices"})).error == "Lambda.ResourceNotFoundException"


# ---- optimised integrations


def test_a_message_for_a_queue_may_be_an_object(kit: Any) -> None:
    queue = kit.make_queue("orders")
    body = {"order.$": "$.id", "shop": "Hikari"}
    output = sk.succeeded(run(task("sqs:sendMessage", {"QueueUrl": queue.url, "MessageBody": body}), {"id": "a1"}))
    assert kit.records(queue) == [{"order": "a1", "shop": "Hikari"}]
    assert {"MD5OfMessageBody", "MessageId", "SdkHttpMetadata", "SdkResponseMetadata"} <= set(output)


def test_a_topics_message_may_be_an_object(kit: Any) -> None:
    sns, queue = kit.client("sns"), kit.make_queue("mails")
    topic = sns.create_topic(Name="orders")["TopicArn"]
    sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=queue.arn, Attributes={"RawMessageDelivery": "true"}
    )  # fmt: skip
    output = sk.succeeded(run(task("sns:publish", {"TopicArn": topic, "Message": {"order": "a1"}, "Subject": "Paid"})))
    assert output["MessageId"]
    assert kit.records(queue) == [{"order": "a1"}]
    assert run(task("sns:publish", {"TopicArn": topic + "x", "Message": "m"})).error == "SNS.NotFoundException"


def test_items_are_put_changed_got_and_deleted(kit: Any) -> None:
    kit.make_table("stock", "lamp")
    key = {"TableName": "stock", "Key": {"lamp": {"S": "andon"}}}
    item = {"lamp": {"S": "andon"}, "left": {"N.$": "States.Format('{}', $.left)"}}
    fewer = {"UpdateExpression": "SET #l = #l - :one", "ExpressionAttributeNames": {"#l": "left"},
             "ExpressionAttributeValues": {":one": {"N": "1"}}, "ReturnValues": "ALL_NEW"}  # fmt: skip
    steps = {
        "Put": task("dynamodb:putItem", {"TableName": "stock", "Item": item}),
        "Change": task("dynamodb:updateItem", {**key, **fewer}),
        "Get": task("dynamodb:getItem", key),
        "Delete": task("dynamodb:deleteItem", {**key, "ReturnValues": "ALL_OLD"}),
    }
    outputs = {name: sk.succeeded(run(step, {"left": 5})) for name, step in steps.items()}
    assert outputs["Change"]["Attributes"]["left"] == {"N": "4"}
    assert outputs["Get"]["Item"] == outputs["Delete"]["Attributes"] == {"lamp": {"S": "andon"}, "left": {"N": "4"}}
    assert outputs["Put"]["SdkHttpMetadata"]["HttpStatusCode"] == 200


def test_dynamodbs_errors_have_its_name(kit: Any) -> None:
    kit.make_table("stock", "lamp")
    put = {"TableName": "stock", "Item": {"lamp": {"S": "andon"}}, "ConditionExpression": "attribute_not_exists(lamp)"}
    sk.succeeded(run(task("dynamodb:putItem", put)))
    done = run(task("dynamodb:putItem", put))
    assert done.error == "DynamoDB.ConditionalCheckFailedException"
    assert done.cause.startswith("The conditional request failed (Service: AmazonDynamoDBv2; Status Code: 400; ")
    wrong = {**put, "ConditionExpression": "nonsense ="}
    assert run(task("dynamodb:putItem", wrong)).error == "DynamoDB.AmazonDynamoDBException"


def test_an_event_says_which_execution_has_sent_it(kit: Any) -> None:
    queue = kit.make_queue("seen")
    events_kit.allow(queue, events_kit.make_rule("paid", {"source": ["hikari.orders"]}, queue))
    entry = {"Source": "hikari.orders", "DetailType": "Paid", "Detail": {"order.$": "$.id"}}
    done = run(task("events:putEvents", {"Entries": [entry]}), {"id": "a1"})
    assert sk.succeeded(done)["FailedEntryCount"] == 0
    (event,) = kit.records(queue)
    assert event["detail"] == {"order": "a1"}
    assert event["resources"][1] == done.arn


def test_an_event_that_is_refused_fails_the_task(kit: Any) -> None:
    del kit
    done = run(task("events:putEvents", {"Entries": [{"Source": "hikari.orders", "Detail": {}}]}))
    assert (done.status, done.error) == ("FAILED", "EventBridge.FailedEntry")
    assert json.loads(done.cause)["FailedEntryCount"] == 1


# ---- nested executions


@pytest.fixture
def packing(kit: Any) -> str:
    """The ARN of a machine that takes a while."""
    del kit
    pack = {"Type": "Pass", "Parameters": {"packed.$": "$.order"}, "End": True}
    return str(sk.machine(sk.steps(Wait={"Type": "Wait", "Seconds": 6, "Next": "Pack"}, Pack=pack), "packing"))


def test_a_nested_execution_is_started(packing: str) -> None:
    output = sk.succeeded(run(task("states:startExecution", {"StateMachineArn": packing, "Input": {"order": 1}})))
    assert sk.succeeded(sk.ended(output["ExecutionArn"])) == {"packed": 1}
    assert isinstance(output["StartDate"], int)


@pytest.mark.parametrize(("pattern", "output"), [("sync", '{"packed":1}'), ("sync:2", {"packed": 1})])
def test_a_nested_execution_is_waited_for(packing: str, pattern: str, output: Any) -> None:
    given = {"StateMachineArn": packing, "Input": {"order": 1}}
    done = run(task(f"states:startExecution.{pattern}", given))
    found = sk.succeeded(done)
    assert (found["Output"], found["Status"]) == (output, "SUCCEEDED")
    assert done.types[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]
    assert done.details("TaskScheduled")[0]["resource"] == f"startExecution.{pattern}"


def test_a_nested_execution_that_fails_fails_the_task(kit: Any) -> None:
    del kit
    failing = sk.machine(sk.steps(Stop={"Type": "Fail", "Error": "NoBox", "Cause": "All are gone."}), "failing")
    done = run(task("states:startExecution.sync", {"StateMachineArn": failing}))
    assert done.error == "States.TaskFailed"
    cause = json.loads(done.cause)
    assert (cause["Status"], cause["Error"], cause["Cause"]) == ("FAILED", "NoBox", "All are gone.")


def test_a_nested_execution_ends_with_the_one_that_waits_for_it(kit: Any) -> None:
    waiting = sk.machine(sk.steps(Wait={"Type": "Wait", "Seconds": 36000, "End": True}), "waiting")
    outer = sk.machine(sk.steps(Nest=task("states:startExecution.sync", {"StateMachineArn": waiting})), "outer")
    execution = sk.start(outer)

    def nested() -> list[Any]:
        return list(sk.states().list_executions(stateMachineArn=waiting)["executions"])

    kit.eventually(nested, "the nested execution")
    sk.states().stop_execution(executionArn=execution)
    kit.eventually(lambda: nested()[0]["status"] == "ABORTED", "the end of the nested execution")


# ---- AWS SDK integrations


def test_calls_of_the_sdk_take_and_give_pascal_case(kit: Any) -> None:
    kit.client("s3").create_bucket(Bucket="hikari-orders")
    order = {"Bucket": "hikari-orders", "Key": "a1.json"}
    sk.succeeded(run(task("aws-sdk:s3:putObject", {**order, "Body": {"order": "a1"}})))
    output = sk.succeeded(run(task("aws-sdk:s3:getObject", order)))
    assert json.loads(output["Body"]) == {"order": "a1"}
    assert output["LastModified"].endswith("Z")
    assert "SdkHttpMetadata" not in output
    listed = sk.succeeded(run(task("aws-sdk:s3:listObjectsV2", {"Bucket": "hikari-orders"})))
    assert [each["Key"] for each in listed["Contents"]] == ["a1.json"]


def test_an_api_in_camel_case_is_called_in_pascal_case(kit: Any, packing: str) -> None:
    del kit
    given = {"StateMachineArn": packing, "Input": '{"order": 1}'}
    output = sk.succeeded(run(task("aws-sdk:sfn:startExecution", given)))
    assert sk.succeeded(sk.ended(output["ExecutionArn"])) == {"packed": 1}


@pytest.mark.parametrize(
    ("call", "given", "error"),
    [
        ("s3:getObject", {"Bucket": "hikari-orders", "Key": "none"}, "S3.NoSuchKeyException"),
        (
            "sqs:sendMessage",
            {"QueueUrl": "http://127.0.0.1/1/none", "MessageBody": "m"},
            "Sqs.QueueDoesNotExistException",
        ),
        ("dynamodb:describeTable", {"TableName": "none"}, "DynamoDb.ResourceNotFoundException"),
        ("ssm:getParameter", {"Name": "none"}, "Ssm.ParameterNotFoundException"),
        ("secretsmanager:getSecretValue", {"SecretId": "none"}, "SecretsManager.ResourceNotFoundException"),
    ],
)
def test_errors_of_sdk_calls_are_named_as_javas_classes(kit: Any, call: str, given: Any, error: str) -> None:
    kit.client("s3").create_bucket(Bucket="hikari-orders")
    done = run(task(f"aws-sdk:{call}", given))
    assert done.error == error
    assert f"(Service: {error.split('.')[0]}, Status Code: " in done.cause


# ---- what is refused


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({"MessageBody": "m", "Colour": "red"}, 'The field "Colour" is not supported by Step Functions'),
        ({}, "The field 'MessageBody' is required but was missing"),
        ({"MessageBody": "m", "DelaySeconds": "5"}, "The value for the field 'DelaySeconds' must be a NUMBER"),
    ],
)
def test_parameters_that_do_not_fit_fail_before_anything_is_sent(kit: Any, parameters: Any, problem: str) -> None:
    queue = kit.make_queue("orders")
    catching = {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Never"}]}
    state = task("sqs:sendMessage", {"QueueUrl": queue.url, **parameters}, **catching)
    done = sk.run_once(sk.steps(Call=state, Never={"Type": "Succeed"}))
    assert (done.status, done.error) == ("FAILED", "States.Runtime")
    assert f"could not be used to start the Task: [{problem}]" in done.cause
    assert done.types == ["ExecutionStarted", "TaskStateEntered", "ExecutionFailed"]


@pytest.mark.parametrize(
    ("resource", "told"),
    [
        ("ecs:runTask.sync", "doesn't have the service ecs"),
        ("http:invoke", "doesn't have the service http"),
        ("apigateway:invoke", "Call the API in a function."),
        ("aws-sdk:polly:synthesizeSpeech", "Its AWS SDK integrations work only with"),
        ("aws-sdk:s3:getObjects", "is not recognized"),
        ("sqs:sendMessage.sync", "is not recognized"),
        ("sqs:receiveMessage", "is not recognized"),
    ],
)
def test_integrations_that_are_not_there_are_refused_by_name(kit: Any, resource: str, told: str) -> None:
    kit.refused(
        lambda: sk.machine(sk.steps(Call=task(resource, {}))), "InvalidDefinition", f"arn:aws:states:::{resource}", told
    )


@pytest.mark.parametrize("pattern", ["states:startExecution.sync", "sqs:sendMessage.waitForTaskToken"])
def test_express_machines_do_not_wait(kit: Any, pattern: str) -> None:
    refused = kit.refused(lambda: sk.machine(sk.steps(Call=task(pattern, {})), type="EXPRESS"))
    assert refused.code == "InvalidDefinition"
    assert f"Express state machine does not support '.{pattern.split('.')[1]}' service integration" in refused.message


# ---- in whose name, and where to


def test_tasks_call_in_the_role_of_the_machine(aws: cloud.Cloud, kit: Any) -> None:
    queue = kit.make_queue("orders")
    role = iam_kit.role_of("states", ("sqs:SendMessage", queue.arn))
    other = iam_kit.role_of("events", ("sqs:SendMessage", queue.arn))
    send = sk.steps(Send=task("sqs:sendMessage", {"QueueUrl": queue.url, "MessageBody": "m"}))
    put = sk.steps(Put=task("aws-sdk:s3:listObjectsV2", {"Bucket": "hikari-orders"}))
    kit.client("s3").create_bucket(Bucket="hikari-orders")
    cloud.start(enforce_iam=True)
    try:
        sk.succeeded(sk.run_once(send, name="may", roleArn=role))
        denied = sk.run_once(put, name="may-not", roleArn=role)
        distrusted = sk.run_once(send, name="distrusted", roleArn=other)
    finally:
        cloud.start(enforce_iam=False)
    del aws
    assert denied.error == "S3.AccessDeniedException"
    assert "is not authorized to perform: s3:ListBucket" in denied.cause
    assert distrusted.error == "SQS.AmazonSQSException"
    assert "sts:AssumeRole" in distrusted.cause


def test_what_lies_around_does_not_lead_tasks_elsewhere(program: Callable[..., Any], home: Path) -> None:
    config = home / "config"
    home.mkdir(parents=True, exist_ok=True)
    config.write_text("[default]\nendpoint_url = https://hikari.example.com\nregion = eu-central-1\n")
    dead = "http://127.0.0.1:9"
    told = program(
        """
from kits import cloud_kit as kit, states_kit as sk
noted = kit.watch_network()
import serverless_cloud as cloud
cloud.start()
queue = kit.make_queue("orders")
send = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": True,
        "Parameters": {"QueueUrl": queue.url, "MessageBody": "m"}}
kit.say(status=sk.run_once(sk.steps(Send=send)).status, body=kit.received(queue)[0]["Body"], noted=noted)
""",
        HTTP_PROXY=dead,
        HTTPS_PROXY=dead,
        ALL_PROXY=dead,
        AWS_CONFIG_FILE=str(config),
        AWS_PROFILE="default",
        AWS_ENDPOINT_URL_SQS="https://sqs.example.com",
        AWS_ACCESS_KEY_ID="AKIAIOSFODNN7EXAMPLE",
        AWS_SECRET_ACCESS_KEY="never",
    ).hear()
    assert told == {"status": "SUCCEEDED", "body": "m", "noted": []}
