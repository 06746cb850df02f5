"""What errors say to do: the engine's own words, or those of a product around it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from serverless_cloud import errors, guard
from serverless_cloud.lambda_ import course_layers as layers
from serverless_cloud.notebook import launching, other_clouds


def refused_by_the_guard() -> None:
    guard.arm()
    try:
        guard.refuse_other_hosts("https://sts.amazonaws.com")
    finally:
        guard.disarm()


def without_files() -> None:
    with launching.files_explained(None):
        raise OSError("The disk is full")


def without_a_package() -> None:
    layers._distribution("lamps-of-hikari")


#: What fails, what it is about, and the engine's own words.
ERRORS = [
    (refused_by_the_guard, "real AWS", "cloud.start(allow_real_aws=True)."),
    (without_files, "files", "Set TMPDIR to a folder that you can write to."),
    (without_a_package, "package", "Install it with pip."),
]


@pytest.mark.parametrize(("fail", "about", "words"), ERRORS)
def test_the_engine_alone_names_no_command_of_a_course(
    monkeypatch: pytest.MonkeyPatch, fail: Callable[[], None], about: str, words: str
) -> None:
    del about
    monkeypatch.delenv(errors.ADVICE, raising=False)
    with pytest.raises(RuntimeError) as caught:
        fail()
    assert str(caught.value).endswith(words)
    assert "serverless-first" not in str(caught.value)


@pytest.mark.parametrize(("fail", "about", "words"), ERRORS)
def test_a_product_gives_its_own_words(
    monkeypatch: pytest.MonkeyPatch, fail: Callable[[], None], about: str, words: str
) -> None:
    del words
    monkeypatch.setenv(errors.ADVICE, "")
    errors.advise({about: ", then ask = call the shop.", "lamp": "Dim it."})
    with pytest.raises(RuntimeError, match=r", then ask = call the shop\."):
        fail()


def test_a_reset_on_aws_says_who_removes_things(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(errors.ADVICE, "cleanup=Ask the shop to clear its shelves.")
    assert other_clouds.refusal("aws", "reset").endswith("this. Ask the shop to clear its shelves.")
    monkeypatch.delenv(errors.ADVICE)
    assert other_clouds.refusal("aws", "reset").endswith("aws.cleanup() removes what its session has created.")
