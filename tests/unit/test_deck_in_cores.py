"""Each slide of the deck has its experiment, simulation or dated explanation in a lesson's core.

Going further doesn't count, because learners may skip it.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from serverless_first import course

ROOT = Path(__file__).resolve().parents[2]

#: Slides that claim nothing, and what they show.
WITHOUT_A_CLAIM = {1: "the title", 2: "the speaker", 14: "a photo", 39: "a divider"}

#: Slide -> the module, and the section of its core. "" is the part before the first section.
PLACES = {
    3: ("00-start-here", ""),
    4: ("01-evolution-of-computing", "A year with too few servers"),
    5: ("01-evolution-of-computing", "How long do you wait for capacity?"),
    6: ("01-evolution-of-computing", "How long do you wait for capacity?"),
    7: ("01-evolution-of-computing", "Four kinds of capacity over one week"),
    8: ("02-what-serverless-is", "Five properties, two settings"),
    9: ("02-what-serverless-is", "Who operates what?"),
    10: ("03-inside-lambda", "Asynchronous calls"),
    11: ("04-lambda-and-rdbms", "Noon"),
    12: ("04-lambda-and-rdbms", "The handler that every tutorial shows"),
    13: ("04-lambda-and-rdbms", "Noon"),
    15: ("05-rds-proxy", "Where we left off"),
    16: ("05-rds-proxy", "A proxy in four calls"),
    17: ("05-rds-proxy", "What the proxy tells you"),
    18: ("06-vpc-and-hyperplane", "Two networks"),
    19: ("06-vpc-and-hyperplane", "A burst in 2019"),
    20: ("06-vpc-and-hyperplane", "A burst in 2019"),
    21: ("06-vpc-and-hyperplane", "Hyperplane: the network moves"),
    22: ("06-vpc-and-hyperplane", "Hyperplane: the network moves"),
    23: ("06-vpc-and-hyperplane", "Hyperplane: the network moves"),
    24: ("06-vpc-and-hyperplane", "The same burst today"),
    25: ("06-vpc-and-hyperplane", "How many interfaces do several functions need?"),
    26: ("07-spectrum-of-services", "What stays yours"),
    27: ("07-spectrum-of-services", "What stays yours"),
    28: ("08-microservices-and-apis", "A shop in pieces"),
    29: ("08-microservices-and-apis", "Behind an HTTP API"),
    30: ("08-microservices-and-apis", "Orders behind a REST API"),
    31: ("09-messaging", "Rules that route by content"),
    32: ("09-messaging", "State in code, and state in a queue"),
    33: ("10-step-functions", "By hand: a table, a clock, a loop"),
    34: ("10-step-functions", "A state machine"),
    35: ("11-choosing-compute", "Small pieces"),
    36: ("11-choosing-compute", "Run into the limits"),
    37: ("11-choosing-compute", "Run into the limits"),
    38: ("11-choosing-compute", "What an hour of work costs"),
    40: ("11-choosing-compute", "The path"),
}


def core_sections(module: str) -> dict[str, str]:
    """The sections of a lesson's core by heading, up to the quiz."""
    text = (ROOT / "modules" / module / "lesson.md").read_text(encoding="utf-8")
    core = re.split(r"^## (?:Quiz|Going further)\n", text, flags=re.MULTILINE)[0]
    before, *parts = re.split(r"^## (.+)\n", core, flags=re.MULTILINE)
    return {"": before} | dict(zip(parts[::2], parts[1::2], strict=True))


def test_each_slide_has_one_place_or_claims_nothing() -> None:
    loaded = course.load(ROOT)
    assert sorted([*PLACES, *WITHOUT_A_CLAIM]) == list(range(1, loaded.deck_slide_count + 1))
    covered = {slide: module.id for module in loaded.modules for slide in module.deck_slides}
    assert {slide: module for slide, (module, _) in PLACES.items() if covered[slide] != module} == {}


@pytest.mark.parametrize("slide", PLACES)
def test_a_slides_section_runs_something_or_cites_a_dated_fact(slide: int) -> None:
    module, heading = PLACES[slide]
    sections = core_sections(module)
    assert heading in sections, f"slide {slide}: the core of {module} has no section {heading!r}"
    assert re.search(r"```\{code-cell\}|\{fact\}`|\{source\}`|\{then-now\}`", sections[heading]), (
        f"slide {slide}: {heading!r} in the core of {module} neither runs a cell nor cites a fact"
    )


@pytest.mark.parametrize("slide", PLACES)
def test_the_core_says_which_slide_it_covers(slide: int) -> None:
    module, _ = PLACES[slide]
    core = "\n".join(core_sections(module).values())
    numbers = {3} if re.search(r"third\s+slide", core) else set[int]()
    for first, last in re.findall(r"[Ss]lides? (\d+)(?:(?: to | and |–)(\d+))?", core):
        numbers |= set(range(int(first), int(last or first) + 1))
    assert slide in numbers, f"the core of {module} doesn't mention slide {slide}"
