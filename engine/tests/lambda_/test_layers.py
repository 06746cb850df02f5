"""Layers: packages that several functions share, laid under the function's own code."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from serverless_cloud import Cloud

USER = "import tax, os\ndef handler(event, context):\n    return {'rate': tax.RATE, 'pid': os.getpid()}\n"
SITE = "python/lib/python{}.{}/site-packages/".format(*sys.version_info)


def layer(kit: Any, files: dict[str, str], name: str = "tax") -> str:
    """Publishes a layer version; its ARN."""
    answer = kit.client("lambda").publish_layer_version(LayerName=name, Content={"ZipFile": kit.zip_of(files)})
    return str(answer["LayerVersionArn"])


def rate(kit: Any) -> Any:
    answer = kit.invoke("price")
    assert answer.error is None, answer.payload
    return answer.payload["rate"]


@pytest.mark.parametrize("place", ["python/", SITE])
def test_a_module_of_a_layer_is_found(kit: Any, place: str) -> None:
    arn = layer(kit, {f"{place}tax.py": "RATE = 10\n"})
    assert arn.endswith(":layer:tax:1")
    kit.deploy("price", USER, Layers=[arn])
    assert rate(kit) == 10
    (shown,) = kit.client("lambda").get_function_configuration(FunctionName="price")["Layers"]
    assert shown["Arn"] == arn


def test_a_package_with_data_beside_it(kit: Any) -> None:
    files = {
        "python/shop/__init__.py": "",
        "python/shop/prices.py": "import pathlib\nTEXT = (pathlib.Path(__file__).parent / 'list.txt').read_text()\n",
        "python/shop/list.txt": "lamp 1200",
    }
    source = "from shop import prices\ndef handler(event, context):\n    return prices.TEXT\n"
    kit.deploy("price", source, Layers=[layer(kit, files)])
    assert kit.invoke("price").payload == "lamp 1200"


def test_without_the_layer_the_module_is_missing(kit: Any) -> None:
    arn = layer(kit, {"python/tax.py": "RATE = 10\n"})
    kit.deploy("orders", USER, Handler="orders.handler", Layers=[arn])
    kit.deploy("price", USER)
    answer = kit.invoke("price")
    assert "No module named 'tax'" in answer.payload["errorMessage"]


def test_a_file_outside_python_is_not_a_module(kit: Any) -> None:
    kit.deploy("price", USER, Layers=[layer(kit, {"tax.py": "RATE = 10\n"})])
    assert "No module named 'tax'" in kit.invoke("price").payload["errorMessage"]


def test_the_later_layer_wins_and_both_are_there(kit: Any) -> None:
    first = layer(kit, {"python/tax.py": "RATE = 8\n", "python/first.py": ""}, "first")
    second = layer(kit, {"python/tax.py": "RATE = 10\n", "python/second.py": ""}, "second")
    source = "import first, second\n" + USER
    kit.deploy("price", source, Layers=[first, second])
    assert rate(kit) == 10
    kit.client("lambda").update_function_configuration(FunctionName="price", Layers=[second, first])
    assert rate(kit) == 8


def test_the_function_s_own_code_wins(kit: Any) -> None:
    arn = layer(kit, {"python/tax.py": "RATE = 8\n"})
    package = kit.zip_of({"price.py": USER, "tax.py": "RATE = 10\n"})
    kit.deploy("price", "", Code={"ZipFile": package}, Layers=[arn])
    assert rate(kit) == 10


def test_a_layer_wins_over_what_the_machine_has(kit: Any) -> None:
    arn = layer(kit, {"python/boto3.py": "RATE = 10\n"})
    source = "import boto3\ndef handler(event, context):\n    return {'rate': boto3.RATE}\n"
    kit.deploy("price", source, Layers=[arn])
    assert rate(kit) == 10


def test_five_layers_and_not_six(kit: Any) -> None:
    arns = [layer(kit, {f"python/part{n}.py": f"N = {n}\n"}, f"part{n}") for n in range(6)]
    source = "import part0, part1, part2, part3, part4\ndef handler(event, context):\n    return part4.N\n"
    refusal = kit.refused(lambda: kit.deploy("price", source, Layers=arns))
    assert (refusal.code, refusal.message) == ("InvalidParameterValueException", "Cannot reference more than 5 layers.")
    assert kit.client("lambda").list_functions()["Functions"] == []
    kit.deploy("price", source, Layers=arns[:5])
    assert kit.invoke("price").payload == 4
    change = lambda: kit.client("lambda").update_function_configuration(FunctionName="price", Layers=arns)  # noqa: E731
    assert kit.refused(change).code == "InvalidParameterValueException"


@pytest.mark.parametrize("content", [b"lamp", b""])
def test_a_layer_that_is_no_zip(kit: Any, content: bytes) -> None:
    lam = kit.client("lambda")
    refusal = kit.refused(lambda: lam.publish_layer_version(LayerName="tax", Content={"ZipFile": content}))
    assert (refusal.code, refusal.status) == ("InvalidParameterValueException", 400)
    assert "Could not unzip" in refusal.message
    assert lam.list_layer_versions(LayerName="tax")["LayerVersions"] == []
    assert lam.list_layers()["Layers"] == []


def test_a_layer_that_leads_out_of_its_folder(kit: Any) -> None:
    refusal = kit.refused(lambda: layer(kit, {"../tax.py": "RATE = 10\n"}))
    assert "leads out of it" in refusal.message


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:lambda:us-east-1:123456789012:layer:tax:1",
        "arn:aws:lambda:us-east-1:123456789012:layer:other:7",
        "arn:aws:lambda:us-east-1:123456789012:layer:other",
        "other",
    ],
)
def test_a_layer_that_does_not_exist(aws: Cloud, kit: Any, arn: str) -> None:
    layer(kit, {"python/tax.py": ""}, "other")
    refusal = kit.refused(lambda: kit.deploy("price", USER, Layers=[arn]))
    assert refusal.code in ("InvalidParameterValueException", "ResourceNotFoundException", "ValidationException")
    assert refusal.status in (400, 404)
    assert kit.client("lambda").list_functions()["Functions"] == []
    kit.deploy("price", USER)
    change = lambda: kit.client("lambda").update_function_configuration(FunctionName="price", Layers=[arn])  # noqa: E731
    assert kit.refused(change).code == refusal.code
    assert not kit.client("lambda").get_function_configuration(FunctionName="price").get("Layers")
    assert aws.environments() == []


def test_a_layer_version_that_is_deleted_stays_in_its_functions(kit: Any) -> None:
    lam, arn = kit.client("lambda"), layer(kit, {"python/tax.py": "RATE = 10\n"})
    kit.deploy("price", USER, Layers=[arn])
    kit.publish("price")
    lam.delete_layer_version(LayerName="tax", VersionNumber=1)
    assert rate(kit) == 10
    assert lam.get_function_configuration(FunctionName="price")["Layers"][0]["Arn"] == arn
    lam.update_function_configuration(FunctionName="price", Timeout=9)
    assert rate(kit) == 10  # a new environment has it too
    kit.change_code("price", USER + "# changed\n")
    assert rate(kit) == 10
    assert kit.invoke("price", Qualifier="1").payload["rate"] == 10
    assert kit.refused(lambda: kit.deploy("orders", USER, Layers=[arn])).status in (400, 404)


def test_another_layer_version_is_a_cold_start(aws: Cloud, kit: Any) -> None:
    lam, first = kit.client("lambda"), layer(kit, {"python/tax.py": "RATE = 8\n"})
    kit.deploy("price", USER, Layers=[first])
    pid = kit.invoke("price").payload["pid"]
    second = layer(kit, {"python/tax.py": "RATE = 10\n"})
    assert second.endswith(":layer:tax:2")
    assert kit.invoke("price").payload == {"rate": 8, "pid": pid}  # nothing changes by itself
    lam.update_function_configuration(FunctionName="price", Layers=[second])
    answer = kit.invoke("price")
    assert answer.payload["rate"] == 10
    assert answer.payload["pid"] != pid
    assert "Init Duration" in answer.log
    assert [e.state for e in aws.environments("price")] == ["ended", "frozen"]
    lam.update_function_configuration(FunctionName="price", Layers=[])
    assert "No module named 'tax'" in kit.invoke("price").payload["errorMessage"]


def test_a_published_version_keeps_its_layers(kit: Any) -> None:
    kit.deploy("price", USER, Layers=[layer(kit, {"python/tax.py": "RATE = 8\n"})])
    assert kit.publish("price") == "1"
    second = layer(kit, {"python/tax.py": "RATE = 10\n"})
    kit.client("lambda").update_function_configuration(FunctionName="price", Layers=[second])
    assert kit.publish("price") == "2"
    assert [kit.invoke("price", Qualifier=q).payload["rate"] for q in ("1", "2", "$LATEST")] == [8, 10, 10]


def test_a_layer_from_a_bucket(kit: Any) -> None:
    s3 = kit.client("s3")
    s3.create_bucket(Bucket="hikari-code")
    s3.put_object(Bucket="hikari-code", Key="tax.zip", Body=kit.zip_of({"python/tax.py": "RATE = 10\n"}))
    content = {"S3Bucket": "hikari-code", "S3Key": "tax.zip"}
    arn = kit.client("lambda").publish_layer_version(LayerName="tax", Content=content)["LayerVersionArn"]
    kit.deploy("price", USER, Layers=[arn])
    assert rate(kit) == 10


def test_two_versions_of_one_layer_are_refused(kit: Any) -> None:
    lam = kit.client("lambda")
    content = {"ZipFile": kit.zip_of({"python/tax.py": "RATE = 10\n"})}
    arns = [lam.publish_layer_version(LayerName="tax", Content=content)["LayerVersionArn"] for _ in range(2)]
    refusal = kit.refused(lambda: kit.deploy("price", "def handler(event, context):\n    return 1\n", Layers=arns))
    assert "Two different versions of the same layer" in refusal.message
