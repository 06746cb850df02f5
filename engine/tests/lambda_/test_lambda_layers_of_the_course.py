"""`aws.layer`: the course's own layers."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import io
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import serverless_cloud as cloud
from serverless_cloud.lambda_ import course_layers as layers

WHERE = """
import psycopg, psycopg_binary, sys
def handler(event, context):
    loaded = [m.__spec__.cached for n, m in sys.modules.items() if n.split(".")[0] == "psycopg" and m.__spec__.cached]
    return {
        "psycopg": psycopg.__file__,
        "binary": psycopg_binary.__file__,
        "version": psycopg.__version__,
        "impl": psycopg.pq.__impl__,
        "libpq": psycopg.pq.version(),
        "compiled": {name: open(name, "rb").read(8).hex() for name in loaded},
    }
"""


def test_a_handler_imports_psycopg_from_the_layer(aws: cloud.Cloud, kit: Any) -> None:
    arn = aws.layer("psycopg")
    assert arn.split(":")[5:7] == ["layer", "psycopg"]
    kit.deploy("orders", WHERE, Layers=[arn])
    answer = kit.invoke("orders")
    assert answer.error is None, answer.payload
    installed = Path(importlib.util.find_spec("psycopg").origin).parent.parent  # type: ignore[union-attr, arg-type]
    found = {Path(answer.payload[name]).parent.parent for name in ("psycopg", "binary")}
    assert len(found) == 1, "both come from the same folder"
    (folder,) = found
    assert folder != installed
    assert folder.name == "python"
    assert answer.payload["version"] == importlib.metadata.version("psycopg")
    assert answer.payload["impl"] == "binary"
    assert answer.payload["libpq"] >= 100_000
    # Every module was loaded as the layer brings it (flags 1, PEP 552): none was compiled during the cold start.
    as_brought = importlib.util.MAGIC_NUMBER.hex() + "01000000"
    assert len(answer.payload["compiled"]) > 20
    assert set(answer.payload["compiled"].values()) == {as_brought}


def test_it_is_published_once_and_again_after_a_reset(aws: cloud.Cloud, kit: Any) -> None:
    with ThreadPoolExecutor(4) as pool:
        arns = set(pool.map(aws.layer, ["psycopg"] * 4))
    assert len(arns) == 1
    versions = kit.client("lambda").list_layer_versions(LayerName="psycopg")["LayerVersions"]
    assert [v["LayerVersionArn"] for v in versions] == list(arns)
    assert versions[0]["CompatibleRuntimes"] == [f"python3.{sys.version_info.minor}"]
    aws.reset()
    assert kit.client("lambda").list_layers()["Layers"] == []
    assert {aws.layer("psycopg")} == arns
    kit.client("lambda").delete_layer_version(LayerName="psycopg", VersionNumber=1)
    assert aws.layer("psycopg").endswith(":psycopg:2")


def test_a_layer_of_one_s_own_with_the_same_name_is_not_taken_for_it(aws: cloud.Cloud, kit: Any) -> None:
    content = {"ZipFile": kit.zip_of({"python/psycopg.py": "__version__ = 'mine'"})}
    kit.client("lambda").publish_layer_version(LayerName="psycopg", Content=content)
    assert aws.layer("psycopg").endswith(":psycopg:2")


@pytest.mark.parametrize(("name", "words"), [("numpy", "no layer 'numpy'"), ("", "no layer ''"), ("../x", "no layer")])
def test_another_name_is_refused(aws: cloud.Cloud, kit: Any, name: str, words: str) -> None:
    with pytest.raises(cloud.CloudError, match="It has psycopg") as refusal:
        aws.layer(name)
    assert words in str(refusal.value)
    assert kit.client("lambda").list_layers()["Layers"] == []


def test_a_package_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch, aws: cloud.Cloud) -> None:
    monkeypatch.setitem(layers.LAYERS, "psycopg", ("psycopg-of-another-name", ()))
    with pytest.raises(cloud.CloudError, match=r"psycopg-of-another-name.*not installed"):
        aws.layer("psycopg")


def test_a_handler_imports_powertools_from_the_layer(aws: cloud.Cloud, kit: Any) -> None:
    source = (
        "import aws_lambda_powertools as p, jmespath\ndef handler(e, c):\n    return [p.__file__, jmespath.__file__]"
    )
    kit.deploy("orders", source, Layers=[aws.layer("powertools")])
    answer = kit.invoke("orders")
    assert answer.error is None, answer.payload
    assert {Path(file).parent.parent.name for file in answer.payload} == {"python"}


def test_the_zip_holds_the_packages_and_no_programs() -> None:
    archive = zipfile.ZipFile(io.BytesIO(layers.package("psycopg")))
    names = archive.namelist()
    assert len(names) == len(set(names))
    assert all(name.startswith("python/") for name in names)
    assert {"python/psycopg/__init__.py", "python/psycopg_binary/__init__.py"} <= set(names)
    assert not any(name.startswith("python/bin/") or ".." in name for name in names)
    assert sum(info.file_size for info in archive.infolist()) < 50_000_000  # AWS's limit of a direct upload


def test_the_zip_does_not_depend_on_how_python_runs_here(monkeypatch: pytest.MonkeyPatch) -> None:
    before = layers.package("psycopg")
    monkeypatch.setattr(sys, "pycache_prefix", "/elsewhere")
    assert layers.package("psycopg") == before
    assert "python/psycopg/__pycache__/__init__." + str(sys.implementation.cache_tag) + ".pyc" in names_of(before)


def names_of(package: bytes) -> list[str]:
    return zipfile.ZipFile(io.BytesIO(package)).namelist()


def test_the_public_layer_of_powertools_is_the_installed_package(aws: cloud.Cloud, kit: Any) -> None:
    del aws
    arn = "arn:aws:lambda:us-east-1:017000801446:layer:AWSLambdaPowertoolsPythonV3-python313-x86_64:18"
    code = "import aws_lambda_powertools\ndef handler(event, context):\n    return aws_lambda_powertools.__file__\n"
    kit.deploy("sell", code, Layers=[arn])
    assert kit.client("lambda").get_function_configuration(FunctionName="sell")["Layers"][0]["Arn"] == arn
    answer = kit.invoke("sell")
    installed = importlib.util.find_spec("aws_lambda_powertools")
    assert installed is not None
    assert answer.error is None, answer.payload
    assert answer.payload.endswith("__init__.py")
    assert answer.payload != installed.origin
    missing = kit.refused(lambda: kit.deploy("other", code, Layers=[arn.replace("PythonV3", "PythonV1")]))
    assert "does not exist" in missing.message
