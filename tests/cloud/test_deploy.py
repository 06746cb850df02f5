"""`aws.deploy` and `serverless-first deploy`: packages, parameters, what is said, what goes wrong; cfn-lint."""

from __future__ import annotations

import json
import os
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from kits import stack_kit as here
from serverless_cloud.errors import CloudError
from serverless_cloud.stacks.packaging import PackagingFailed, zipped
from serverless_first import cloud
from serverless_first.cli import main

DATA = Path(__file__).resolve().parents[2] / "engine" / "tests" / "data"
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Lamp: {Type: String, Default: andon}
Resources:
  Orders:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: app.handler
      CodeUri: orders
      Environment: {Variables: {LAMP: !Ref Lamp}}
Outputs:
  Name: {Value: !Ref Orders}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A template with a function's folder; the template's path."""
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders" / "app.py").write_text(
        "import os\ndef handler(event, context):\n    return os.environ['LAMP']\n"
    )
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    return tmp_path / "template.yaml"


def test_what_is_deployed_runs_and_keeps_its_parameters(aws: cloud.Cloud, kit: Any, project: Path, capsys: Any) -> None:
    out = aws.deploy(project, stack_name="shop", parameters={"Lamp": "chochin"}, tags={"team": "shop"})
    assert kit.invoke(out["Name"]).payload == "chochin"
    told = capsys.readouterr().out
    assert "CREATE_COMPLETE      AWS::Lambda::Function              Orders" in told
    assert aws.deploy(project, stack_name="shop") == out
    assert capsys.readouterr().out == "shop has no changes to deploy.\n"
    (project.parent / "orders" / "app.py").write_text("def handler(event, context):\n    return 'new'\n")
    aws.deploy(project, stack_name="shop", quiet=True)
    assert capsys.readouterr().out == ""
    assert kit.invoke(out["Name"]).payload == "new"
    variables = kit.client("lambda").get_function_configuration(FunctionName=out["Name"])["Environment"]["Variables"]
    assert variables == {"LAMP": "chochin"}


def test_what_goes_wrong_is_said_and_can_be_tried_again(aws: cloud.Cloud, kit: Any, project: Path) -> None:
    def attempt(template: str, **parameters: object) -> str:
        project.write_text(template)
        with pytest.raises(CloudError) as caught:
            aws.deploy(project, stack_name="shop", parameters=parameters, quiet=True)
        return str(caught.value)

    with pytest.raises(CloudError, match=r"The template none\.yaml can't be read"):
        aws.deploy("none.yaml", stack_name="shop")
    assert "CodeUri of Orders: there is no folder or file" in attempt(TEMPLATE.replace(": orders", ": lamps"))
    assert "The template has no parameter Watts. It has Lamp." in attempt(TEMPLATE, Watts=7)
    assert "Resource with id [Orders] is invalid" in attempt(TEMPLATE.replace("Runtime", "Events: 7\n      Runtime"))
    assert here.stacks().describe_stacks()["Stacks"] == []
    told = attempt(TEMPLATE.replace("python3.13", "python9.9"))
    assert told.startswith("shop is ROLLBACK_COMPLETE. Orders (AWS::Lambda::Function): ")
    assert "python9.9" in told
    project.write_text(TEMPLATE)
    out = aws.deploy(project, stack_name="shop", quiet=True)
    told = attempt(TEMPLATE.replace("app.handler", "app.handler\n      Timeout: 9999"))
    assert told.startswith("shop is UPDATE_ROLLBACK_COMPLETE. Orders (AWS::Lambda::Function): ")
    assert kit.invoke(out["Name"]).payload == "andon"


def test_the_templates_of_the_tests_are_clean() -> None:
    from cfnlint.api import lint_file

    for path in sorted(DATA.glob("*.yaml")):
        assert [str(match) for match in lint_file(path)] == [], path.name


def test_the_command_deploys_too(aws: cloud.Cloud, kit: Any, project: Path) -> None:
    run = CliRunner().invoke
    words = ["deploy", str(project), "--stack-name", "shop", "--endpoint-url", aws.endpoint_url]
    done = run(main, [*words, "-p", "Lamp=moon=light"])
    assert done.exit_code == 0, done.output
    name = done.output.splitlines()[-1].removeprefix("Name = ")
    assert kit.invoke(name).payload == "moon=light"
    for more, told in (
        (["-p", "Lamp"], "is not in the form NAME=VALUE"),
        (["-p", "Watts=7"], "The template has no parameter Watts"),
        (["--endpoint-url", "https://cloudformation.us-east-1.amazonaws.com"], "is not on this machine"),
        (["--endpoint-url", "http://127.0.0.1:9"], "No local cloud answers"),
    ):
        done = run(main, [*words, *more])
        assert (done.exit_code != 0, told in done.output) == (True, True), done.output


def test_a_folder_is_the_same_zip_file_each_time(tmp_path: Path) -> None:
    folder = tmp_path / "orders"
    (folder / "__pycache__").mkdir(parents=True)
    (folder / "shop").mkdir()
    for name in ("app.py", "shop/price.py", "__pycache__/app.cpython-313.pyc"):
        (folder / name).write_text("lamp")
    first = zipped(folder)
    os.utime(folder / "app.py", (1, 1))
    assert zipped(folder) == first
    assert zipfile.ZipFile(BytesIO(first)).namelist() == ["app.py", "shop/price.py"]
    assert zipfile.ZipFile(BytesIO(zipped(folder / "app.py"))).namelist() == ["app.py"]
    (tmp_path / "ready.zip").write_bytes(first)
    assert zipped(tmp_path / "ready.zip") == first


def test_links_stay_in_their_folder(tmp_path: Path) -> None:
    folder = tmp_path / "orders"
    (folder / "shop").mkdir(parents=True)
    (folder / "app.py").write_text("lamp")
    (folder / "same.py").symlink_to(folder / "app.py")
    assert zipfile.ZipFile(BytesIO(zipped(folder))).read("same.py") == b"lamp"
    (folder / "shop" / "round").symlink_to(folder)
    with pytest.raises(PackagingFailed, match="a link to a folder that contains it"):
        zipped(folder)
    (folder / "shop" / "round").unlink()
    (tmp_path / "secret").write_text("key")
    (folder / "secret").symlink_to(tmp_path / "secret")
    with pytest.raises(PackagingFailed, match="a link that leads out of"):
        zipped(folder)


def test_large_templates_and_nested_ones_go_through_the_bucket(aws: cloud.Cloud, kit: Any, project: Path) -> None:
    inner = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}, "Outputs": {"Url": {"Value": {"Ref": "Queue"}}}}
    (project.parent / "inner.json").write_text(json.dumps(inner))
    outer = {
        "Metadata": {"Words": "light " * 10_000},
        "Resources": {"Inner": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "inner.json"}}},
        "Outputs": {"Url": {"Value": {"Fn::GetAtt": ["Inner", "Outputs.Url"]}}},
    }
    project.write_text(json.dumps(outer))
    out = aws.deploy(project, stack_name="shop", quiet=True)
    assert kit.client("sqs").list_queues()["QueueUrls"][0].rsplit("/", 1)[1] == out["Url"].rsplit("/", 1)[1]
