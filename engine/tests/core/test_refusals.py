"""What AWS refuses is refused; what the local cloud does not honour is refused and said. Nothing is left behind."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

import serverless_cloud as cloud
from serverless_cloud import Cloud, CloudError

ROLE = "arn:aws:iam::123456789012:role/nobody"
SOURCE = "def handler(event, context):\n    return 1200\n"


def not_created(kit: Any, **settings: Any) -> str:
    """The message with which CreateFunction is refused as an invalid parameter; no function may be left."""
    refusal = kit.refused(lambda: kit.deploy("price", SOURCE, **settings), "InvalidParameterValueException", status=400)
    assert kit.client("lambda").list_functions()["Functions"] == []
    return str(refusal.message)


LAYER = "arn:aws:lambda:us-east-1:123456789012:layer:tax:7"
ACCESS_POINT = "arn:aws:elasticfilesystem:us-east-1:123456789012:access-point/fsap-1"
RUNTIMES = ("nodejs22.x", "provided.al2023", "python2.7", "python3", "python3.99", "Python3.13")
NOT_CREATED: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "a role that does not exist": ({"Role": ROLE}, ("cannot be assumed by Lambda",)),
    "a package that is no zip": (
        {"Code": {"ZipFile": SOURCE.encode()}},
        ("Could not unzip uploaded file. Please check your file, then try to upload again.",),
    ),
    "no code at all": ({"Code": {}}, ("Please provide a source",)),
    **{f"the runtime {name}": ({"Runtime": name}, (name, 'Runtime="python3.13"')) for name in RUNTIMES},
    "a file system": (
        {"FileSystemConfigs": [{"Arn": ACCESS_POINT, "LocalMountPath": "/mnt/lamps"}]},
        ("doesn't support FileSystemConfigs.", "docs/fidelity.md"),
    ),
    "SnapStart": (
        {"SnapStart": {"ApplyOn": "PublishedVersions"}}, ("doesn't support SnapStart.", "docs/fidelity.md"),
    ),
    **{
        f"the variable {name}": ({"Environment": {"Variables": {name: "x"}}}, ("reserved keys", name))
        for name in ("AWS_REGION", "AWS_ACCESS_KEY_ID")
    },
    "more variables than fit": ({"Environment": {"Variables": {"SHOP": "灯" * 1400}}}, ("4KB",)),
}  # fmt: skip


@pytest.mark.parametrize(("settings", "words"), NOT_CREATED.values(), ids=NOT_CREATED)
def test_what_create_function_refuses(kit: Any, settings: dict[str, Any], words: tuple[str, ...]) -> None:
    message = not_created(kit, **settings)
    assert [word for word in words if word not in message] == [], message


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"},
        {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"},
        {"Effect": "Deny", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:TagSession"},
    ],
)
def test_a_role_that_lambda_cannot_assume(kit: Any, statement: dict[str, Any]) -> None:
    role = kit.make_role("other", {"Version": "2012-10-17", "Statement": [statement]})
    assert not_created(kit, Role=role) == "The role defined for the function cannot be assumed by Lambda."


@pytest.mark.parametrize("name", ["../price.py", "shop/../../price.py", "/price.py", "C:\\price.py", "..\\price.py"])
def test_a_package_that_leads_out_of_its_folder(kit: Any, name: str) -> None:
    message = not_created(kit, Code={"ZipFile": kit.zip_of({"price.py": SOURCE, name: SOURCE})})
    assert "leads out of it" in message
    assert name.replace("\\", "/") in message.replace("\\", "/")


def test_a_package_with_a_damaged_file(kit: Any) -> None:
    whole = kit.zip_of({"price.py": SOURCE})
    damaged = whole.replace(b"return 1200", b"return 1300")
    assert damaged != whole
    assert "Could not unzip" in not_created(kit, Code={"ZipFile": damaged})


def test_a_package_in_a_bucket_that_is_no_zip(kit: Any) -> None:
    s3, lam = kit.client("s3"), kit.client("lambda")
    s3.create_bucket(Bucket="hikari-code")
    s3.put_object(Bucket="hikari-code", Key="price.zip", Body=b"lamp")
    place = {"S3Bucket": "hikari-code", "S3Key": "price.zip"}
    assert "Could not unzip" in not_created(kit, Code=place)
    kit.deploy("price", SOURCE)
    kit.refused(lambda: lam.update_function_code(FunctionName="price", **place), "", "Could not unzip")
    assert kit.invoke("price").payload == 1200


@pytest.mark.parametrize("entries", [["./"], ["shop/"], ["./price.py"]])
def test_a_package_with_folders_and_dots_is_fine(kit: Any, entries: list[str]) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in entries:
            archive.writestr(name, SOURCE if name.endswith(".py") else "")
        if "./price.py" not in entries:
            archive.writestr("price.py", SOURCE)
    kit.deploy("price", SOURCE, Code={"ZipFile": buffer.getvalue()})
    assert kit.invoke("price").payload == 1200


def test_a_container_image(kit: Any) -> None:
    image = {"ImageUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/hikari:1"}
    given = {"FunctionName": "price", "Role": kit.make_role(), "PackageType": "Image", "Code": image}
    create = kit.client("lambda").create_function
    kit.refused(lambda: create(**given), "InvalidParameterValueException", "zip package")


@pytest.mark.parametrize(
    ("settings", "allowed"), [({"Timeout": 901}, "equal to 900"), ({"MemorySize": 10241}, "equal to 10240")]
)
def test_a_size_beyond_the_limit(kit: Any, settings: dict[str, Any], allowed: str) -> None:
    kit.refused(
        lambda: kit.deploy("price", SOURCE, **settings), "", f"must have value less than or {allowed}", status=400
    )
    assert kit.client("lambda").list_functions()["Functions"] == []


@pytest.mark.parametrize(
    ("variables", "word"),
    [({"A=B": "lamp"}, "Map keys"), ({"9": "lamp"}, "Map keys"), ({"SHOP": "Hika\0ri"}, "'SHOP'")],
)
def test_an_environment_variable_that_no_process_can_have(kit: Any, variables: dict[str, str], word: str) -> None:
    given = {"Environment": {"Variables": variables}}
    kit.refused(lambda: kit.deploy("price", SOURCE, **given), "ValidationException", word)


def test_all_environment_variables_taken_away(kit: Any) -> None:
    kit.deploy("price", "import os\ndef handler(e, c):\n    return os.environ.get('SHOP')\n",
               Environment={"Variables": {"SHOP": "Hikari"}})  # fmt: skip
    assert kit.invoke("price").payload == "Hikari"
    kit.client("lambda").update_function_configuration(FunctionName="price", Environment={})
    assert kit.invoke("price").payload is None


def test_code_from_a_bucket_that_does_not_exist(kit: Any) -> None:
    place = {"S3Bucket": "hikari-nowhere", "S3Key": "price.zip"}
    assert "NoSuchBucket" in not_created(kit, Code=place)
    kit.deploy("price", SOURCE)
    update = kit.client("lambda").update_function_code
    kit.refused(lambda: update(FunctionName="price", **place), "InvalidParameterValueException")
    assert kit.invoke("price").payload == 1200


def test_a_change_that_is_refused_changes_nothing(kit: Any) -> None:
    lam = kit.client("lambda")
    kit.deploy("price", SOURCE)
    changes = [
        lambda: lam.update_function_code(FunctionName="price", ZipFile=b"lamp"),
        lambda: lam.update_function_code(FunctionName="price", ZipFile=b"lamp", Publish=True),
        lambda: lam.update_function_configuration(FunctionName="price", Layers=[LAYER], Timeout=9),
        lambda: lam.update_function_configuration(FunctionName="price", Runtime="nodejs22.x", Timeout=9),
        lambda: lam.update_function_configuration(FunctionName="price", Role=ROLE, Timeout=9),
        lambda: lam.update_function_configuration(
            FunctionName="price", SnapStart={"ApplyOn": "PublishedVersions"}, Timeout=9
        ),
    ]
    before = lam.get_function_configuration(FunctionName="price")
    for change in changes:
        kit.refused(change, "InvalidParameterValueException")
    assert [v["Version"] for v in lam.list_versions_by_function(FunctionName="price")["Versions"]] == ["$LATEST"]
    after = lam.get_function_configuration(FunctionName="price")
    assert [after[k] for k in ("CodeSha256", "Timeout", "Runtime")] == [
        before[k] for k in ("CodeSha256", "Timeout", "Runtime")
    ]
    assert kit.invoke("price").payload == 1200


def test_a_dry_run_runs_nothing(aws: Cloud, kit: Any) -> None:
    kit.deploy("price", SOURCE)
    assert kit.client("lambda").invoke(FunctionName="price", InvocationType="DryRun")["StatusCode"] == 204
    assert aws.environments("price") == []


NOT_BUILT: dict[str, dict[str, Any]] = {
    "invoke_with_response_stream": {"FunctionName": "price"},
    "invoke_async": {"FunctionName": "price", "InvokeArgs": b"{}"},
    "put_function_code_signing_config": {
        "FunctionName": "price",
        "CodeSigningConfigArn": "arn:aws:lambda:us-east-1:123456789012:code-signing-config:csc-0123456789abcdef0",
    },
}  # fmt: skip


@pytest.mark.parametrize("call", NOT_BUILT)
def test_a_call_that_is_not_honoured(kit: Any, call: str) -> None:
    kit.deploy("price", SOURCE)
    words = (f"doesn't support {call}.", "docs/fidelity.md")
    make = getattr(kit.client("lambda"), call)
    kit.refused(lambda: make(**NOT_BUILT[call]), "NotImplementedException", *words, status=400)


@pytest.mark.parametrize(
    "given",
    [
        {"time_scale": 0},
        {"time_scale": -1},
        {"time_scale": "60"},
        {"time_scale": float("inf")},
        {"time_scale": True},
        {"idle_expiry_s": 0},
        {"idle_expiry_s": float("nan")},
        {"target": "4566"},
        {"network_model": "2018"},
    ],
)
def test_start_with_a_value_out_of_range(aws: Cloud, given: dict[str, Any]) -> None:
    ((name, value),) = given.items()
    with pytest.raises(ValueError, match=rf"{name} is {value!r}\. It must be"):
        cloud.start(**given)
    assert aws.is_running


def test_a_network_model_for_a_target(aws: Cloud) -> None:
    with pytest.raises(CloudError, match="network_model is a setting of the local cloud, not of a target"):
        cloud.start(network_model="2019", target="http://127.0.0.1:4566")
    assert aws.is_running


def test_enforce_iam_that_is_no_choice(aws: Cloud) -> None:
    with pytest.raises(ValueError, match=r"enforce_iam is 'yes'\. It must be True or False"):
        cloud.start(enforce_iam="yes")  # type: ignore[arg-type]
    with pytest.raises(CloudError, match="enforce_iam is a setting of the local cloud, not of a target"):
        cloud.start(enforce_iam=True, target="http://127.0.0.1:4566")
    assert aws.is_running
