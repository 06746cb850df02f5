"""What people who join the project rely on: one version, typed packages, and pages that say what is true."""

from __future__ import annotations

import importlib
import json
import re
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"serverless_first": ROOT / "pyproject.toml", "serverless_cloud": ROOT / "engine" / "pyproject.toml"}
EXTENSION = ROOT / "kernel/share/jupyter/labextensions/serverless-first/package.json"
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
FIRST_CHANGE = ROOT / "docs" / "first-change.md"
PAGES = [
    *(ROOT / name for name in ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")),
    *(FIRST_CHANGE, *DECISIONS),
]


def table(package: str, name: str) -> Any:
    """A table of a package's pyproject.toml."""
    return tomllib.loads(read(PACKAGES[package]))[name]


def test_packages_changelog_and_extension_have_one_version() -> None:
    version = table("serverless_first", "project")["version"]
    releases = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d$", read(ROOT / "CHANGELOG.md"), re.MULTILINE)
    assert releases[0] == version
    assert table("serverless_cloud", "project")["version"] == version
    assert f"serverless-cloud=={version}" in table("serverless_first", "project")["dependencies"]
    assert json.loads(read(EXTENSION))["version"] == version


@pytest.mark.parametrize("package", PACKAGES)
def test_the_wheel_says_that_its_package_is_typed(
    package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = importlib.import_module(table(package, "build-system")["build-backend"])
    monkeypatch.chdir(PACKAGES[package].parent)
    wheel = backend.build_wheel(str(tmp_path))
    with zipfile.ZipFile(tmp_path / wheel) as archive:
        assert f"{package}/py.typed" in archive.namelist()


def test_the_architecture_links_each_decision() -> None:
    linked = re.findall(r"\(decisions/([\w-]+\.md)\)", read(ROOT / "docs" / "architecture.md"))
    assert sorted(linked) == [path.name for path in DECISIONS]
    assert [path.name[:4] for path in DECISIONS] == [f"{number:04}" for number in range(1, len(DECISIONS) + 1)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)", read(page)) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_first_change_finds_what_it_tells_to_change() -> None:
    lesson, operators, patterns = (
        *("modules/00-start-here/lesson.md", "engine/src/serverless_cloud/events/operators.py"),
        "engine/tests/events/test_patterns.py",
    )
    page = one_line(FIRST_CHANGE)
    for words, file in (
        ("stands in for the gift-wrapping", lesson),
        ("DETAIL_MATCHES", patterns),
        ('("suffix",', patterns),
    ):
        assert words in page
        assert words in one_line(ROOT / file), f"{FIRST_CHANGE.name} tells readers to change this"
    assert '{"order": [{"suffix": "001"}]}' not in read(ROOT / patterns), "this line is practice: don't merge it"
    assert "value.endswith(text)" in read(ROOT / operators)


def test_hooks_download_nothing_and_run_steps_of_make_test() -> None:
    repositories = yaml.safe_load(read(ROOT / ".pre-commit-config.yaml"))["repos"]
    assert [repository["repo"] for repository in repositories] == ["local"]
    hooks = repositories[0]["hooks"]
    assert {hook["language"] for hook in hooks} == {"system"}
    assert {hook["name"] for hook in hooks} == {"style", "format", "prose", "built notebooks"}


def test_forms_for_issues_have_what_github_asks_for() -> None:
    forms = [path for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml"]
    assert forms
    for path in forms:
        form = yaml.safe_load(read(path))
        assert {"name", "description", "body"} <= set(form)
        ids = [part["id"] for part in form["body"]]
        assert len(ids) == len(set(ids))
        assert all(part["attributes"]["label"] for part in form["body"])


def one_line(path: Path) -> str:
    """A text without line breaks, because sentences go over them."""
    return " ".join(read(path).split())


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
