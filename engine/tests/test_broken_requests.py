"""Requests on which moto fails, or which it takes for another call: AWS's error, or a refusal that names the call."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from kits import cloud_kit
from kits.fuzz_wire import Reply, Sent, Wire, model_of
from serverless_cloud import Cloud
from serverless_cloud.core import refusals
from serverless_cloud.services import model_rules


@pytest.fixture(scope="module")
def shared(cloud_of_module: Cloud) -> Iterator[Cloud]:
    """One local cloud for all tests of the file, with a bucket, a topic and a stream."""
    cloud_kit.client("s3").create_bucket(Bucket="lamps")
    cloud_kit.client("s3").put_object(Bucket="lamps", Key="price", Body=b"{}")
    cloud_kit.client("sns").create_topic(Name="orders")
    cloud_kit.client("kinesis").create_stream(StreamName="clicks", ShardCount=1)
    yield cloud_of_module
    cloud_of_module.reset()


def call(cloud: Cloud, service: str, operation: str, body: bytes | None = None, **given: Any) -> Reply:
    """The answer to a call without botocore's validation. Args: body: instead of the one that botocore makes."""
    wire = Wire(cloud.endpoint_url, service)
    sent = wire.request(operation, given)
    return wire.send(sent if body is None else Sent(sent.method, sent.path, sent.headers, body), operation)


def refused(reply: Reply) -> tuple[int, str]:
    """Status and code, after a look at the form."""
    assert not reply.problem, reply
    return reply.status, reply.code


NULL = "1 validation error detected: Value null at '{}' failed to satisfy constraint: Member must not be null"
ARN = "arn:aws:sns:us-east-1:123456789012:orders"

#: Service, operation, parameters; code and message of the answer.
WRONG: dict[str, tuple[str, str, dict[str, Any], str, str]] = {
    "no parameter, JSON": ("dynamodb", "DescribeTable", {}, "ValidationException",
                           "The parameter 'TableName' is required"),
    "no parameter, query": ("iam", "SetDefaultPolicyVersion", {"VersionId": "v1"}, "ValidationError",
                            NULL.format("policyArn")),
    "no parameter, RDS": ("rds", "RebootDBInstance", {}, "MissingParameter",
                          "The request must contain the parameter DBInstanceIdentifier"),
    "no parameter, optional in the model": ("kinesis", "PutRecord", {"StreamName": "clicks", "Data": b"1"},
                                            "ValidationException", NULL.format("partitionKey")),
    "no inner parameter": ("ssm", "DescribePatchBaselines", {"Filters": [{"Values": ["lamp"]}]}, "ValidationException",
                           NULL.format("filters.1.member.key")),
    "an attribute without a value": ("sns", "Publish", {"TopicArn": ARN, "Message": "1", "MessageAttributes": {"a": {}}
                                     }, "ParameterValueInvalid", "has an invalid message attribute type"),
    "a token that nobody gave out": ("sns", "ListTopics", {"NextToken": "lamp"}, "InvalidParameter",
                                     "Invalid parameter: NextToken"),
    "a delivery policy of no objects": ("sns", "SetTopicAttributes", {
        "TopicArn": ARN, "AttributeName": "DeliveryPolicy", "AttributeValue": '{"http": [1]}',
    }, "InvalidParameter", "DeliveryPolicy: http must be an object"),
    "a delivery policy with a list": ("sns", "SetTopicAttributes", {
        "TopicArn": ARN, "AttributeName": "DeliveryPolicy",
        "AttributeValue": '{"http": {"defaultHealthyRetryPolicy": [1]}}',
    }, "InvalidParameter", "DeliveryPolicy: http.defaultHealthyRetryPolicy has a wrong type"),
    "an assertion that is a text": ("cloudformation", "CreateStack", {
        "StackName": "lamps",
        "TemplateBody": '{"Rules": {"One": {"Assertions": ["a"]}}, "Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}',
    }, "ValidationError", "Template format error: Every assertion of rule One must be an object."),
    "no stack": ("cloudformation", "GetTemplate", {}, "ValidationError", "Either StackName or ChangeSetName"),
    "no stack or resource": ("cloudformation", "DescribeStackResources", {}, "ValidationError",
                             "You must specify either StackName or PhysicalResourceId"),
    "an ARN of nothing": ("stepfunctions", "DescribeStateMachine", {"stateMachineArn": "lamp"}, "InvalidArn",
                          "Invalid Arn: 'Invalid ARN prefix: lamp'"),
    "no such resource": ("athena", "GetNamedQuery", {"NamedQueryId": "lamp"}, "InvalidRequestException", "lamp"),
    "no such prefix list": ("ec2", "DeleteManagedPrefixList", {"PrefixListId": "pl-1"}, "InvalidPrefixListID.NotFound",
                            "The prefixList ID 'pl-1' does not exist"),
    "more instances than moto ever makes": ("ec2", "RunInstances", {"MinCount": 1, "MaxCount": 2**31},
                                            "InvalidParameterValue", "Value (2147483648) for parameter MaxCount"),
    "more addresses than moto ever finds": ("ec2", "CreateNetworkInterface",
                                            {"SubnetId": "subnet-1", "Ipv6AddressCount": 2**31},
                                            "InvalidParameterValue", "for parameter Ipv6AddressCount"),
    "more shards than moto ever makes": ("kinesis", "CreateStream", {"StreamName": "more", "ShardCount": 2**31},
                                         "LimitExceededException", "would exceed the shard limit"),
    "a grant to nobody": ("s3", "PutBucketAcl", {"Bucket": "lamps", "GrantRead": "lamp"}, "InvalidArgument",
                          "Argument format not recognized"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_request_that_aws_refuses(shared: Cloud, case: str) -> None:
    service, operation, given, code, message = WRONG[case]
    reply = call(shared, service, operation, **given)
    assert refused(reply) == (400, code), reply.message
    assert message in reply.message


def test_a_vpc_and_a_subnet_without_a_block(shared: Cloud) -> None:
    ec2 = cloud_kit.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    for operation in ("AssociateVpcCidrBlock", "CreateSubnet"):
        reply = call(shared, "ec2", operation, VpcId=vpc)
        assert refused(reply) == (400, "MissingParameter")
        assert reply.message.startswith("Either 'cidrBlock' or ")
    assert ec2.create_subnet(VpcId=vpc, CidrBlock="10.7.1.0/24")["Subnet"]["VpcId"] == vpc


@pytest.mark.parametrize(
    ("service", "operation", "body", "code"),
    [
        ("sqs", "ListQueues", b"[1]", "SerializationException"),
        ("logs", "DeleteRetentionPolicy", b'{"logGroupName": {}}', "SerializationException"),
        ("scheduler", "CreateScheduleGroup", b"[]", "SerializationException"),
        ("s3", "DeleteObjects", b"<lamp", "MalformedXML"),
        ("s3", "PutBucketLifecycleConfiguration", b"", "MissingRequestBodyError"),
        ("s3", "PutBucketVersioning", b"<VersioningConfiguration/>", "MalformedXML"),
        ("iam", "ListUsers", b"", "MissingAction"),
        ("cloudformation", "ListStacks", b"\xff", "MalformedQueryString"),
    ],
)
def test_a_body_that_aws_cannot_read(shared: Cloud, service: str, operation: str, body: bytes, code: str) -> None:
    names = {"s3": {"Bucket": "lamps"}, "scheduler": {"Name": "lamps"}}
    reply = call(shared, service, operation, body, **names.get(service, {}))
    assert refused(reply) == (400, code), reply.message


@pytest.mark.parametrize(
    ("operation", "given"),
    [
        ("DeleteBucketAnalyticsConfiguration", {"Bucket": "lamps", "Id": "a"}),
        ("DeleteBucketMetricsConfiguration", {"Bucket": "lamps", "Id": "a"}),
        ("RenameObject", {"Bucket": "lamps", "Key": "price", "RenameSource": "/lamps/old"}),
        ("GetObjectRetention", {"Bucket": "lamps", "Key": "price"}),
        ("GetBucketRequestPayment", {"Bucket": "lamps"}),
    ],
)
def test_a_part_of_a_bucket_that_the_cloud_does_not_have_is_not_taken_for_the_whole(
    shared: Cloud, operation: str, given: dict[str, Any]
) -> None:
    reply = call(shared, "s3", operation, **given)
    assert refused(reply) == (400, "NotImplementedException")
    assert f"doesn't have this call of s3: {operation}" in reply.message
    assert cloud_kit.client("s3").get_object(Bucket="lamps", Key="price")["Body"].read() == b"{}"


@pytest.mark.usefixtures("shared")
def test_other_parts_are_answered() -> None:
    refusals.refuse_subresource("GET", "list-type=2&prefix=metrics")
    refusals.refuse_subresource("PUT", "retention")
    s3 = cloud_kit.client("s3")
    assert s3.get_bucket_versioning(Bucket="lamps")["ResponseMetadata"]["HTTPStatusCode"] == 200
    url = s3.generate_presigned_url("get_object_retention", Params={"Bucket": "lamps", "Key": "price"})
    with pytest.raises(NotImplementedError, match=r"GET \?retention"):
        refusals.refuse_subresource("GET", url.partition("?")[2])


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ('{"Resources": {"Jobs": "AWS::SQS::Queue"}}', "[/Resources/Jobs] Every Resources object must contain a Type"),
        ('{"Resources": {"Jobs": {}}}', "[/Resources/Jobs] Every Resources object must contain a Type member."),
        ("Resources: {Jobs: {Type: [a]}}", "[/Resources/Jobs] Every Resources object must contain a Type member."),
        ("Parameters: {Stage: a}", "Template format error: Every Parameters object must contain a Type member."),
        ("Parameters: {Stage: {Type: String, AllowedValues: a}}", "[/Parameters/Stage] AllowedValues must be a list."),
        ("Outputs: {Url: 1}", "[/Outputs/Url] Every Outputs member must be an object."),
        ("Resources: &all {Jobs: *all}", "aliases of the YAML lead in a circle"),
    ],
)
def test_a_template_that_is_none(shared: Cloud, template: str, message: str) -> None:
    for operation, name in (("ValidateTemplate", {}), ("CreateStack", {"StackName": "lamps"})):
        given: dict[str, Any] = {"TemplateBody": template, **name}
        reply = call(shared, "cloudformation", operation, **given)
        assert refused(reply) == (400, "ValidationError")
        assert message in reply.message


def test_a_document_that_is_no_api(shared: Cloud) -> None:
    for document in ({"openapi": "3.0.1", "paths": ["/lamps"]}, {"openapi": "3.0.1", "paths": {"/lamps": []}}):
        reply = call(shared, "apigateway", "ImportRestApi", json.dumps(document).encode())
        assert refused(reply) == (400, "BadRequestException"), reply.message


def test_a_list_is_no_api_and_servers_may_be_malformed(shared: Cloud) -> None:
    reply = call(shared, "apigateway", "ImportRestApi", b"[1]")
    assert refused(reply) == (400, "BadRequestException"), reply.message
    document = {"openapi": "3.0.1", "info": {"title": "lamps"}, "servers": ["lamp"], "paths": {"/lamps": {}}}
    reply = call(shared, "apigateway", "ImportRestApi", json.dumps(document).encode(), parameters={"basepath": "split"})
    assert reply.status == 201, reply.message


def test_a_document_without_paths_has_nothing_below_its_base_path(shared: Cloud) -> None:
    document = b'{"openapi": "3.0.1", "info": {"title": "lamps"}}'
    reply = call(shared, "apigateway", "ImportRestApi", document, parameters={"basepath": "prepend"})
    assert reply.status == 201, reply.message


@pytest.mark.parametrize("pattern", [r"\\p{L}+", "[a-z", "(?<first>a)"])
def test_a_pattern_that_python_cannot_read_refuses_nothing(shared: Cloud, pattern: str) -> None:
    template = f'''{{"Parameters": {{"Stage": {{"Type": "String", "AllowedPattern": "{pattern}"}}}},
                    "Resources": {{"Q": {{"Type": "AWS::SQS::Queue"}}}}}}'''
    given = [{"ParameterKey": "Stage", "ParameterValue": "test"}]
    reply = call(shared, "cloudformation", "CreateChangeSet", StackName="lamps", ChangeSetName="one",
                 ChangeSetType="CREATE", TemplateBody=template, Parameters=given)  # fmt: skip
    assert reply.status == 200, reply.message
    call(shared, "cloudformation", "DeleteStack", StackName="lamps")


def test_what_moto_fails_on_by_itself_is_refused_by_name(shared: Cloud) -> None:
    reply = call(shared, "kms", "GenerateRandom")
    assert refused(reply) == (400, "NotImplementedException")
    assert "The local cloud can't do GenerateRandom of kms with these arguments, because moto fails" in reply.message
    assert (
        "TypeError: 'NoneType' object cannot be interpreted as an integer (moto/kms/responses.py, line "
        in reply.message
    )


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"TableName": 1}, "NUMBER_VALUE cannot be converted to String"),
        ({"TableName": True}, "TRUE_VALUE cannot be converted to String"),
        ({"TableName": []}, "Start of list found where not expected"),
        ({"TableName": {}}, "Start of structure or map found where not expected."),
        ({"Key": "lamp"}, "STRING_VALUE cannot be converted to Map"),
        ({"ConsistentRead": "true"}, "STRING_VALUE cannot be converted to Boolean"),
        ({"Key": {"a": {"B": "!"}}}, "Invalid Base64 string in a binary value"),
        ({"TableName": None, "Key": {"a": {"L": [{"S": "lamp"}]}}, "Lamp": 1}, ""),
    ],
)
def test_json_of_other_types(value: Any, problem: str) -> None:
    shape = model_of("dynamodb").operation_model("GetItem").input_shape
    assert model_rules.serialization_problem(shape, value) == problem


def test_null_for_the_input_of_an_execution_is_no_input(shared: Cloud) -> None:
    states = cloud_kit.client("stepfunctions")
    machine = states.create_state_machine(
        name="lamps",
        roleArn="arn:aws:iam::123456789012:role/lamps",
        definition='{"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}',
    )["stateMachineArn"]
    body = json.dumps({"stateMachineArn": machine, "input": None}).encode()
    reply = call(shared, "stepfunctions", "StartExecution", body, stateMachineArn=machine)
    assert reply.status == 200, reply.message
    (execution,) = states.list_executions(stateMachineArn=machine)["executions"]
    assert states.describe_execution(executionArn=execution["executionArn"])["input"] == "{}"
