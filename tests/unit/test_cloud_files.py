"""What is said when a file of cloud.start() cannot be made: of temporary files alone, and of what was started."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from serverless_cloud import client
from serverless_cloud.notebook import leftovers
from serverless_first import cloud

TARGET = "http://127.0.0.1:9"


def refuse(*_: object, **__: object) -> None:
    raise PermissionError(13, "Permission denied", "/home/mika/.aws/sso/cache")


@pytest.mark.parametrize(
    ("target", "what"), [(None, "The local cloud"), (TARGET, "The session"), ("aws", "The session")]
)
def test_a_temporary_file_that_cannot_be_made_is_told(
    monkeypatch: pytest.MonkeyPatch, target: str | None, what: str
) -> None:
    monkeypatch.setattr(leftovers, "RunFolder", refuse)
    with pytest.raises(
        cloud.CloudDidNotStart, match=f"^{what} did not start, because it could not create its temporary files"
    ):
        cloud.start(target=target) if target != "aws" else _without_asking(monkeypatch)


def _without_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    from serverless_first.real_account import plan

    monkeypatch.setattr(plan, "make", lambda *_: SimpleNamespace(account=None))
    monkeypatch.setattr(plan, "confirm", lambda *_: None)
    cloud.start(target="aws", confirm="111122223333 eu-west-1")


def test_a_file_of_the_account_s_is_not_called_a_temporary_one(monkeypatch: pytest.MonkeyPatch) -> None:
    from serverless_first.real_account import plan

    monkeypatch.setattr(plan, "identify", refuse)
    with pytest.raises(PermissionError, match="sso/cache"):
        cloud.start(target=TARGET, owner="mika")
    assert client.running() is None
