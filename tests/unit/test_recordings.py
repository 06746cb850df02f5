"""Each lesson with a live view has a recording for the site, and README's picture begins with the failed orders."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
LESSONS = [path.parent for path in ROOT.glob("modules/*/lesson.md") if "display(aws.show())" in path.read_text("utf-8")]
LAST_WORDS = re.compile(r'<div class="serverless-view"><p class="words">(.+?)</p></div>')


def last_words(lesson: Path) -> str:
    """What a lesson's recording says about its last moment."""
    words = LAST_WORDS.match((lesson / "recording.html").read_text("utf-8"))
    assert words, "run python -m tools.picture --record"
    return words[1]


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: str(lesson.name))
def test_a_lesson_s_recording_ends_when_nothing_works_any_more(lesson: Path) -> None:
    words = last_words(lesson)
    assert re.findall(r"[1-9]\d* (?:starting|busy|client waits|clients wait)", words) == []


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: str(lesson.name))
def test_a_recording_is_played_by_today_s_view(lesson: Path) -> None:
    view = base64.b64encode((ROOT / "engine/src/serverless_cloud/view/view.js").read_bytes()).decode()
    assert f';base64,{view}"' in (lesson / "recording.html").read_text("utf-8"), "run make picture"


def test_the_recording_of_noon_agrees_with_the_lesson() -> None:
    noon = last_words(ROOT / "modules" / "04-lambda-and-rdbms")
    assert "60 environments (17 frozen, 43 frozen after a failed call)" in noon
    assert "17 of 20 seats taken" in noon


def test_the_picture_is_at_most_one_megabyte_and_begins_with_the_failed_orders() -> None:
    file = ROOT / "docs" / "images" / "burst.gif"
    assert file.stat().st_size <= 1_000_000
    with Image.open(file) as picture:
        first = picture.convert("RGB").tobytes()
    pixels = zip(first[::3], first[1::3], first[2::3], strict=True)
    orange = sum(red > 150 and red > green + 70 and green > blue + 30 for red, green, blue in pixels)
    assert orange > 43 * 60, "each failed call has a frame and a cross"
