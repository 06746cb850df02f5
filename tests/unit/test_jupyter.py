"""What the notebooks that `serverless-first lab` opens find around them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbconvert import HTMLExporter

from serverless_first.course import jupyter, kernels

REAL = {
    "AWS_ACCESS_KEY_ID": "AKIAREALREALREALREAL",
    "AWS_SECRET_ACCESS_KEY": "a-real-secret",
    "AWS_SESSION_TOKEN": "a-real-token",
    "AWS_PROFILE": "shop",
    "AWS_MAX_ATTEMPTS": "9",
}
ASK = """
import json, socket
asked = []
look_up = socket.getaddrinfo
socket.getaddrinfo = lambda host, *rest, **more: (asked.append(host), look_up(host, *rest, **more))[1]
import boto3
try:
    boto3.client("iam").list_roles()
except Exception as error:
    said = f"{type(error).__name__}: {error}"
keys = boto3.Session().get_credentials()
print(json.dumps({"said": said, "asked": asked, "key": keys.access_key, "token": keys.token}))
"""


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Starts JupyterLab up to the moment when its process would begin; gives that process's environment."""

    class Begun(Exception):
        """The process would run now."""

    def begin(*_: object, **__: object) -> None:
        raise Begun

    work = tmp_path / "my work 店"
    (work / "notebooks").mkdir(parents=True)
    monkeypatch.setenv("SERVERLESS_FIRST_WORK", str(work))
    for name, value in REAL.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_CONFIG_FILE", "NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "")  # so that what `start` sets is taken back after the test
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_EC2_METADATA_DISABLED", "AWS_DISABLE_HOST_PREFIX_INJECTION"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv(kernels.RUNTIME, "")
    monkeypatch.setattr(os, "execv", begin)
    monkeypatch.setattr(subprocess, "Popen", begin)
    here = Path.cwd()

    def start(**options: bool) -> dict[str, str]:
        with pytest.raises(Begun):
            jupyter.start(8888, browser=False, **options)
        return dict(os.environ)

    yield start
    os.chdir(here)


def test_a_notebook_that_has_not_started_the_cloud_reaches_nothing(
    started: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = started()
    monkeypatch.undo()  # the real Popen
    done = subprocess.run([sys.executable, "-c", ASK], env=environ, capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout)
    assert answer["said"].startswith("EndpointConnectionError")
    assert "run-cloud-start-first" in answer["said"]
    assert set(answer["asked"]) <= {"127.0.0.1"}
    assert (answer["key"], answer["token"]) == ("local", None)


def test_real_aws_stays_as_it_is_when_asked_for(started: Any) -> None:
    environ = started(allow_real_aws=True)
    assert {name: environ[name] for name in REAL} == REAL
    assert environ["AWS_ENDPOINT_URL"] == ""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no user without a home folder")
def test_a_user_without_a_home_folder_gets_one(
    started: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "nowhere"))
    home = Path(started()["HOME"])
    assert home.is_dir()
    assert tmp_path / "my work 店" in home.parents
    assert str(home) in capfd.readouterr().out
    assert Path(started()["HOME"]) == home


@pytest.mark.skipif(os.name == "nt", reason="Windows has no user without a home folder")
def test_profiles_in_a_home_folder_that_cannot_be_written_stay_those_of_real_aws(
    started: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    files = tmp_path / "home" / ".aws"
    files.mkdir(parents=True)
    (files / "config").write_text("[profile shop]\nregion = eu-west-1\n")
    (files / "credentials").write_text("[shop]\naws_access_key_id = A\naws_secret_access_key = b\n")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(jupyter, "has_home", lambda: False)  # root may write everywhere
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.delenv(name)
    environ = started(allow_real_aws=True)
    assert environ["HOME"] != str(tmp_path / "home")
    ask = "import boto3; s = boto3.Session(); print(s.region_name, s.get_credentials().access_key)"
    for name in (*REAL, "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_ENDPOINT_URL"):
        environ.pop(name, None)
    monkeypatch.undo()  # the real Popen
    done = subprocess.run(
        [sys.executable, "-c", ask], env=environ | {"AWS_PROFILE": "shop"}, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["eu-west-1", "A"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no user without a home folder")
def test_files_of_aws_that_are_named_stay_so(started: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text("")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", "/shop/config")
    monkeypatch.setattr(jupyter, "has_home", lambda: False)
    assert started(allow_real_aws=True)["AWS_CONFIG_FILE"] == "/shop/config"


def test_a_home_folder_that_can_be_written_stays(started: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert started()["HOME"] == str(tmp_path)


def test_code_that_jupyterlab_collapses_is_folded_in_what_a_learner_exports() -> None:
    make: Any = HTMLExporter  # not typed
    exporter = make(extra_template_basedirs=[str(jupyter.EXPORT_TEMPLATES)], template_name=jupyter.EXPORT_TEMPLATE)
    new = nbformat.v4
    cells = [
        new.new_code_cell("shown = 1"),  # type: ignore[no-untyped-call]
        new.new_code_cell(  # type: ignore[no-untyped-call]
            "hidden = 2",
            metadata={"jupyter": {"source_hidden": True}},
            outputs=[new.new_output("stream", text="seen")],  # type: ignore[no-untyped-call]
        ),
    ]
    html = exporter.from_notebook_node(new.new_notebook(cells=cells))[0]  # type: ignore[no-untyped-call]
    before, folded = html.split("<details", 1)
    folded, after = folded.split("</details>", 1)
    assert "<summary>Show the folded code</summary>" in folded
    assert "shown" in before
    assert "hidden" in folded
    assert "seen" in after
