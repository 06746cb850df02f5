"""The address that the site names for cloning the course."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from serverless_first.publish import repository


@pytest.mark.parametrize(
    ("remote", "page"),
    [
        ("https://github.com/hikari/serverless-first", "https://github.com/hikari/serverless-first"),
        ("https://github.com/hikari/serverless-first.git", "https://github.com/hikari/serverless-first"),
        ("https://somebody:secret@git.example.org/a/b/course.git", "https://git.example.org/a/b/course"),
        ("git@github.com:hikari/serverless-first.git", "https://github.com/hikari/serverless-first"),
        ("ssh://git@github.com/hikari/serverless-first.git", "https://github.com/hikari/serverless-first"),
        ("/srv/courses/serverless-first", None),
        ("file:///srv/courses/serverless-first", None),
    ],
)
def test_the_page_of_a_remote(remote: str, page: str | None, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    subprocess.run(["git", "-C", tmp_path, "remote", "add", "origin", remote], check=True)
    assert repository.address(tmp_path) == page


def test_a_folder_without_a_remote_has_no_page(tmp_path: Path) -> None:
    assert repository.address(tmp_path) is None
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    assert repository.address(tmp_path) is None
