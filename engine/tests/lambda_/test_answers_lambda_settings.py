"""What CreateFunction and its updates refuse, in AWS's words."""

from __future__ import annotations

from typing import Any

import pytest

from serverless_cloud import Cloud

LAYER = "arn:aws:lambda:us-east-1:123456789012:layer:tax"
SOURCE = "def handler(event, context):\n    return 1200\n"
INVALID, VALIDATION = "InvalidParameterValueException", "ValidationException"
FAILED = "1 validation error detected: Value '{}' at '{}' failed to satisfy constraint: Member must {}"
ROLE_PATTERN = r"satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+"
ARCHITECTURES = "satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]"
OBJECT = "Error occurred while GetObject. S3 Error Code: "
MANDATORY = "Runtime and Handler are mandatory parameters for functions created with deployment packages."
NAMES = "Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+, "

CASES: list[tuple[dict[str, Any], str, str]] = [
    ({"Role": "hikari"}, VALIDATION, FAILED.format("hikari", "role", ROLE_PATTERN)),
    ({"Runtime": ""}, INVALID, MANDATORY),
    ({"Runtime": "python3.11", "SnapStart": {"ApplyOn": "PublishedVersions"}}, INVALID,
     "python3.11 is not supported for SnapStart enabled functions."),
    ({"Handler": ""}, VALIDATION, FAILED.format("", "handler", r"satisfy regular expression pattern: [^\s]+")),
    ({"Handler": "my price.handler"}, VALIDATION,
     FAILED.format("my price.handler", "handler", r"satisfy regular expression pattern: [^\s]+")),
    ({"Handler": "p" * 129}, VALIDATION,
     FAILED.format("p" * 129, "handler", "have length less than or equal to 128")),
    ({"Role": "arn:aws:iam::123456789012:role/nobody"}, INVALID,
     "The role defined for the function cannot be assumed by Lambda."),
    ({"Environment": {"Variables": {"_SHOP": "hikari"}}}, VALIDATION,
     "1 validation error detected: Value at 'environment.variables' failed to satisfy constraint: "
     + NAMES + "Member must not be null]"),
    ({"Timeout": 901}, VALIDATION, FAILED.format(901, "timeout", "have value less than or equal to 900")),
    (
        {"MemorySize": 10_241},
        INVALID,
        "'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to 10240",
    ),
    ({"EphemeralStorage": {"Size": 10_241}}, VALIDATION,
     FAILED.format(10_241, "ephemeralStorage.size", "have value less than or equal to 10240")),
    ({"Architectures": ["x86"]}, VALIDATION, FAILED.format("[x86]", "architectures", ARCHITECTURES)),
    ({"Architectures": ["x86_64", "arm64"]}, VALIDATION,
     FAILED.format("[x86_64, arm64]", "architectures", "have length less than or equal to 1")),
    ({"Layers": [f"{LAYER}:7"]}, INVALID, f"Layer version {LAYER}:7 does not exist."),
    (
        {"Layers": [LAYER.replace("us-east-1", "eu-central-1") + ":1"]},
        INVALID,
        "Layers are not in the same region as the function. Layers are expected to be in region us-east-1.",
    ),
    ({"Code": {"S3Bucket": "nowhere", "S3Key": "a"}}, INVALID,
     OBJECT + "NoSuchBucket. S3 Error Message: The specified bucket does not exist"),
    ({"Code": {"S3Bucket": "hikari", "S3Key": "a"}}, INVALID,
     OBJECT + "NoSuchKey. S3 Error Message: The specified key does not exist."),
    (
        {"Environment": {"Variables": {"SHOP": "x" * 4085, "B2": ""}}},
        INVALID,
        "Lambda was unable to configure your environment variables because the environment variables you have provided "
        'exceeded the 4KB limit. String measured: {"SHOP":"' + "x" * 4085 + '","B2":""}',
    ),
]  # fmt: skip


@pytest.mark.parametrize(("settings", "code", "message"), CASES, ids=[f"{n}" for n in range(len(CASES))])
def test_a_setting_that_is_refused(kit: Any, settings: dict[str, Any], code: str, message: str) -> None:
    kit.client("s3").create_bucket(Bucket="hikari")
    kit.refused(lambda: kit.deploy("price", SOURCE, **settings), code, message=message, status=400)
    assert kit.client("lambda").list_functions()["Functions"] == []


def test_code_that_an_update_cannot_read(kit: Any) -> None:
    kit.client("s3").create_bucket(Bucket="hikari")
    kit.deploy("price", SOURCE)
    update = kit.client("lambda").update_function_code
    key = OBJECT + "NoSuchKey. S3 Error Message: The specified key does not exist."
    kit.refused(lambda: update(FunctionName="price", S3Bucket="hikari", S3Key="a"), INVALID, message=key)
    bucket = OBJECT + "NoSuchBucket. S3 Error Message: The specified bucket does not exist"
    kit.refused(lambda: update(FunctionName="price", S3Bucket="nowhere", S3Key="a"), INVALID, message=bucket)


def test_code_from_nowhere(kit: Any) -> None:
    given = {name: value for name, value in kit.function("price", SOURCE).items() if name != "Handler"}
    kit.refused(lambda: kit.client("lambda").create_function(**given), INVALID, message=MANDATORY)
    kit.deploy("price", SOURCE)
    nowhere = lambda: kit.client("lambda").update_function_code(FunctionName="price", Publish=True)  # noqa: E731
    kit.refused(nowhere, INVALID, message="Please provide a source for function code.")
    assert len(kit.client("lambda").list_versions_by_function(FunctionName="price")["Versions"]) == 1


def test_settings_that_are_taken_back(kit: Any) -> None:
    queue, lam = kit.make_queue("dead"), kit.client("lambda")
    key = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    kit.deploy("price", SOURCE, DeadLetterConfig={"TargetArn": queue.arn})
    first = lam.update_function_configuration(FunctionName="price", KMSKeyArn=key)
    assert (first["KMSKeyArn"], first["DeadLetterConfig"]) == (key, {"TargetArn": queue.arn})
    lam.update_function_configuration(FunctionName="price", KMSKeyArn="", DeadLetterConfig={"TargetArn": ""})
    assert not {"KMSKeyArn", "DeadLetterConfig"} & set(lam.get_function_configuration(FunctionName="price"))


def test_variables_that_just_fit(kit: Any) -> None:
    value = "x" * (4096 - len('{"SHOP":""}'))
    kit.deploy("price", "import os\n\ndef handler(event, context):\n    return len(os.environ['SHOP'])\n",
               Environment={"Variables": {"SHOP": value}}, SnapStart={"ApplyOn": "None"})  # fmt: skip
    assert kit.invoke("price").payload == len(value)


@pytest.mark.parametrize("letters", [65, 181])
def test_a_name_of_more_than_64_letters(kit: Any, letters: int) -> None:
    name = "p" * letters
    message = FAILED.format(name, "functionName", "have length less than or equal to 64")
    given = kit.function("price", SOURCE) | {"FunctionName": name}
    kit.refused(lambda: kit.client("lambda").create_function(**given), VALIDATION, message=message)


def test_a_request_that_is_too_large(aws: Cloud, kit: Any) -> None:
    status, answer = kit.raw(aws.endpoint_url, "POST", "/2015-03-31/functions", bytes(70_167_211))
    message = "Request must be smaller than 70167211 bytes for the CreateFunction operation"
    assert (status, answer["message"]) == (413, message)
