"""The variables that lead boto3 to the local cloud, and the way back."""

from __future__ import annotations

import os
import sys
import types
from pathlib import Path

import pytest
from botocore.configloader import load_config

from serverless_cloud import settings
from serverless_cloud.notebook import surroundings

URL = "http://127.0.0.1:4566"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder with an AWS folder in it."""
    (tmp_path / ".aws").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return tmp_path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where our own configuration file goes, with a difficult name."""
    place = tmp_path / "temporär 電球"
    place.mkdir()
    return place


def profiles(environ: dict[str, str], folder: Path) -> dict[str, dict[str, str]]:
    """The profiles that botocore finds in our configuration file."""
    changes = surroundings.local_environ(environ, URL, "eu-west-1", folder)
    found: dict[str, dict[str, str]] = load_config(changes["AWS_CONFIG_FILE"])["profiles"]
    return found


@pytest.mark.usefixtures("home")
def test_boto3_is_led_to_the_local_cloud(folder: Path) -> None:
    changes = surroundings.local_environ({}, URL, "eu-west-1", folder)
    assert changes["AWS_ENDPOINT_URL"] == URL
    assert changes["AWS_REGION"] == changes["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert changes["AWS_ACCESS_KEY_ID"] == changes["AWS_SECRET_ACCESS_KEY"] == settings.LOCAL_KEY


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("name", [*surroundings.REMOVED, "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_STEP_FUNCTIONS"])
def test_what_leads_elsewhere_is_removed(folder: Path, name: str) -> None:
    changes = surroundings.local_environ({name: "x"}, URL, "eu-west-1", folder)
    assert name in changes
    assert changes[name] is None


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "127.0.0.1,localhost"),
        ({"NO_PROXY": "intranet.example.com"}, "intranet.example.com,127.0.0.1,localhost"),
        ({"no_proxy": "intranet.example.com"}, "intranet.example.com,127.0.0.1,localhost"),
        ({"NO_PROXY": "*"}, "*"),
    ],
)
def test_exceptions_from_the_proxy_are_kept(folder: Path, given: dict[str, str], expected: str) -> None:
    changes = surroundings.local_environ(given, URL, "eu-west-1", folder)
    assert changes["NO_PROXY"] == changes["no_proxy"] == expected


def test_profiles_keep_their_names_and_nothing_else(home: Path, folder: Path) -> None:
    secret = "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\nendpoint_url = https://x.example.com\n"
    (home / ".aws" / "config").write_text(
        f'[default]\n{secret}[profile hikari]\n{secret}[profile "our shop"]\n{secret}[profile don\'t]\n[services x]\n'
        f"[sso-session y]\n[preview]\n",
        encoding="utf-8",
    )
    (home / ".aws" / "credentials").write_text(f"[hikari]\n{secret}[電球 lamps]\n{secret}", encoding="utf-8")
    found = profiles({}, folder)
    assert set(found) == {"default", "hikari", "our shop", "電球 lamps"}
    for values in found.values():
        assert values == {"region": "eu-west-1", "aws_access_key_id": "local", "aws_secret_access_key": "local"}


@pytest.mark.parametrize(
    "content", [b"lamp", b"[default\n", b"\xff\xfe\x00", b"[profile]\n[]\n = 3", b"\xef\xbb\xbf[a]\n"]
)
def test_a_malformed_file_is_passed_over(home: Path, folder: Path, content: bytes) -> None:
    (home / ".aws" / "config").write_bytes(content)
    (home / ".aws" / "credentials").write_text("[hikari]\n", encoding="utf-8")
    assert {"default", "hikari"} <= set(profiles({}, folder))


@pytest.mark.usefixtures("home")
def test_files_that_variables_name_are_read_and_folders_are_not(folder: Path, tmp_path: Path) -> None:
    config = tmp_path / "other config"
    config.write_text("[profile lamps]\n", encoding="utf-8")
    environ = {"AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path)}
    assert set(profiles(environ, folder)) == {"default", "lamps"}


@pytest.mark.skipif(os.name == "nt", reason="the home folder of a user without one is asked as on Unix")
def test_a_user_without_a_home_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home(_: Path) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "expanduser", no_home)
    assert set(profiles({}, folder)) == {"default"}


def test_changes_are_made_and_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "hikari")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    before = dict(os.environ)
    undo = surroundings.apply({"AWS_PROFILE": None, "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": URL})
    assert "AWS_PROFILE" not in os.environ
    assert (os.environ["AWS_REGION"], os.environ["AWS_ENDPOINT_URL"]) == ("us-east-1", URL)
    surroundings.apply(undo)
    assert dict(os.environ) == before


def test_the_default_session_is_swapped_and_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    boto3 = types.ModuleType("boto3")
    boto3.DEFAULT_SESSION = "mine"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "boto3", boto3)
    mine = surroundings.swap_default_session(None)
    assert (mine, boto3.DEFAULT_SESSION) == ("mine", None)
    assert surroundings.swap_default_session(mine) is None
    assert boto3.DEFAULT_SESSION == "mine"


def test_without_boto3_there_is_no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "boto3", raising=False)
    assert surroundings.swap_default_session(None) is None
