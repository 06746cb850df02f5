"""Checks of module 12, tasks 12.5 and 12.6: the drill's record, and the page with the price."""

from __future__ import annotations

import dataclasses
import json
import re
import statistics
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from serverless_first import drill
from serverless_first.drill import capstone
from serverless_first.drill.faults import AT_WORK
from serverless_first.drill.record import Posted
from serverless_first.lab import Attempt, task
from serverless_first.lab.failures import readable
from serverless_first.lab.learner_file import LearnerFile
from serverless_first.lab.show import say

FOLDER = Path(capstone.STACK)
FEWEST, FEWEST_KILLED = 200, 3


def _record(attempt: Attempt) -> drill.Record:
    path = FOLDER / "drill.json"
    if not path.is_file():
        attempt.not_started(
            f"There is no record of a drill yet: {path}.", look_at="the second cell of task 12.5. Run it"
        )
    try:
        return drill.Record.load(path)
    except drill.RecordError as error:
        attempt.fail(
            "The record of the drill cannot be read.",
            called=f"read {path}",
            came_back=str(error),
            expected="what record.save has written",
            look_at="the second cell of task 12.5. Run it again",
        )


# ---- 12.5


@task("12.5")
def drilled(attempt: Attempt) -> None:
    """The shop has passed its drill, and there is a prediction about each wrong design, right or wrong."""
    record = _record(attempt)
    score = drill.score(record)
    if score.failed:
        finding = min(
            score.failed, key=lambda candidate: not candidate.design
        )  # one that names the design, if any does
        design = f" That is what the design {finding.design!r} does." if finding.design else ""
        attempt.fail(
            f"Your shop has failed the drill, {finding.name}: {finding.seen}{design}",
            called=f"score the record of a drill with {record.orders} orders",
            came_back=finding.means,
            expected=finding.question,
            look_at=finding.look,
        )
    attempt.expect(
        record.orders >= FEWEST,
        problem="The record is of a drill with too few orders, or of a drill that was not yours.",
        called="read the record",
        came_back=f"{record.orders} orders, with the seed {record.seed}",
        expected=f"your own drill, with at least {FEWEST} orders",
        look_at="the second cell of task 12.5",
    )
    attempt.expect(
        record.faults,
        problem="That was a drill on a quiet day, because its faults were switched off.",
        called="read the record",
        came_back=f"{record.orders} orders, without faults",
        expected="a drill with all its faults",
        look_at="the arguments of drill.run in the second cell of task 12.5",
    )
    attempt.expect(
        any(moment.what.endswith(AT_WORK) for moment in record.moments)
        and sum(record.killed.values()) >= FEWEST_KILLED,
        problem="In that drill, no environment was killed at work, so you cannot see what your shop does then.",
        called="read the record",
        came_back=f"environments killed: {readable(record.killed)}; {'; '.join(m.what for m in record.moments)}",
        expected=f"some {AT_WORK}, and {FEWEST_KILLED} or more altogether",
        look_at="how many calls of Worker may run at a time in parts/work.yaml. Then run the drill again",
    )
    _expected(attempt)
    say(f"12.5: {record.orders} orders, environments {AT_WORK}, a restart. Nothing was lost or done twice.")


def _expected(attempt: Attempt) -> None:
    path = FOLDER / "expected.json"
    if not path.is_file():
        attempt.not_started("Your predictions are not saved yet.", look_at="the first cell of task 12.5. Run it")
    expected = json.loads(path.read_text(encoding="utf-8"))
    scores = {name: drill.score(record) for name, record in capstone.wrong_designs().items()}
    names = [finding.name for finding in next(iter(scores.values())).findings]
    for design in scores:
        finding = expected.get(design) if isinstance(expected, dict) else None
        attempt.expect(
            finding in names,
            problem=f"Your prediction for the design {design!r} is not the name of a finding.",
            called="read your dict expected",
            came_back=finding,
            expected=f"one of {', '.join(names)}",
            look_at="the first cell of task 12.5",
        )
    surprises = [
        f"{design} failed {', '.join(failure.name for failure in score.failed)}, not {expected[design]}"
        for design, score in scores.items()
        if score[expected[design]].passed
    ]
    right = len(scores) - len(surprises)
    say(f"12.5: you predicted {right} of {len(scores)} designs. {'; '.join(surprises)}".rstrip(" "))


# ---- 12.6

TOLERANCE = 0.01
WORDS = 8
PARTS = ("Lambda, requests", "Lambda, duration", "Step Functions")
DECISIONS = (
    "A queue between the front door and the database",
    "A proxy in front of the database",
    "The order id as the key everywhere",
    "A dead-letter queue",
    "A projection for the customer",
)


@task("12.6")
def page(attempt: Attempt) -> None:
    """The three prices are also right for other records. The page has them, and a reason for each decision."""
    if missing := capstone.Shop().not_written("price.py"):
        attempt.not_started(f"{FOLDER}/{missing} is not written yet.", look_at="the first cell of task 12.6")
    record = capstone.my_drill() if not (FOLDER / "drill.json").is_file() else _record(attempt)
    file = LearnerFile(attempt, f"{capstone.STACK}/price.py")
    for what, other in _others(record):
        _prices(attempt, file, what, other)
    _page(attempt, record)
    say("12.6: the page says what the record says.")


def _others(record: drill.Record) -> list[tuple[str, drill.Record]]:
    """Records that the learner has not seen, and what is different in them."""
    unlike = tuple(
        dataclasses.replace(use, memory_mb=number * use.memory_mb) for number, use in enumerate(record.functions, 2)
    )
    busier = tuple(
        dataclasses.replace(use, calls=3 * use.calls, billed_ms=2 * use.billed_ms) for use in record.functions
    )
    longer = tuple(number + 4 for number in record.transitions)
    failed = dict(record.executions, FAILED=record.orders)
    poison = Posted("poison", "poison", (202,), (5.0,), 1, 0)
    return [
        ("the drill's own record", record),
        ("functions that differ in their memory", dataclasses.replace(record, functions=unlike)),
        ("three times the calls, twice the billed time", dataclasses.replace(record, functions=busier)),
        ("executions with four more states", dataclasses.replace(record, transitions=longer)),
        ("as many executions again, all failed", dataclasses.replace(record, executions=failed)),
        (
            "as many poison messages as good orders",
            dataclasses.replace(record, posted=(*record.posted, *[poison] * record.orders)),
        ),
    ]


def _variants(record: drill.Record) -> list[tuple[drill.Record, dict[str, float]]]:
    """The record with its prices, and the same without the payment provider, whose function another company pays."""
    own = tuple(use for use in record.functions if use.role != "Provider")
    return [
        (variant, dict(drill.score(variant).cost.parts))
        for variant in (record, dataclasses.replace(record, functions=own))
    ]


def _is_near(usd: Any, right_usd: float) -> bool:
    is_number = isinstance(usd, int | float) and not isinstance(usd, bool)
    return is_number and abs(usd - right_usd) <= TOLERANCE * abs(right_usd)


def _prices(attempt: Attempt, file: LearnerFile, what: str, record: drill.Record) -> None:
    claims = file.call("per_1000_orders", record)
    called = f"per_1000_orders of a record: {what}"
    attempt.expect(
        isinstance(claims, dict) and set(claims) == set(PARTS),
        problem="per_1000_orders does not return a dict with the three prices.",
        called=called,
        came_back=claims,
        expected=list(PARTS),
        look_at=file.name,
    )
    variants = _variants(record)
    _, right_usd = max(variants, key=lambda variant: sum(_is_near(claims[part], variant[1][part]) for part in PARTS))
    for part in PARTS:
        usd = claims[part]
        misread = [_misread(variant, part, usd, prices[part]) for variant, prices in variants]
        attempt.expect(
            _is_near(usd, right_usd[part]),
            problem=f"{part}: {next(filter(None, misread), 'that is not what AWS would bill.')}",
            called=called,
            came_back=usd,
            expected=f"{right_usd[part]:.5f} US dollars for 1,000 orders",
            look_at="what is billed, in which unit, and for how many orders",
        )


def _misread(record: drill.Record, part: str, usd: Any, right_usd: float) -> str:
    """The plausible mistake that explains a wrong price; "" if none is known."""

    def near(value: float) -> bool:
        return _is_near(usd, value)

    orders = record.orders / 1000
    uses = [use for use in record.functions if use.calls]
    if near(right_usd * orders):
        return "that is the price of the whole drill, not of 1,000 orders."
    if near(right_usd / 1000):
        return "that is the price of one order, not of 1,000."
    if len(record.posted) > 1.1 * record.orders and near(right_usd * record.orders / len(record.posted)):
        return "it is divided by all posted orders, poison included, instead of the good ones."
    if part == "Lambda, duration":
        gb_s = sum(use.billed_ms / 1000 * use.memory_mb / 1024 for use in uses)
        seconds = sum(use.billed_ms / 1000 for use in uses)
        if near(right_usd * 1000):
            return "milliseconds are treated as seconds."
        if near(right_usd * seconds / gb_s):
            return "the memory of the functions is not counted, but it is billed."
        if near(right_usd * 1024):
            return "megabytes are treated as gigabytes."
        if any(near(right_usd * use.memory_mb / 1024 * seconds / gb_s) for use in uses):
            return "the memory of one function is used for all functions."
    mean = statistics.mean(record.transitions or [1]) or 1
    if part == "Step Functions" and near(right_usd / mean):
        return "executions are counted, but transitions are billed."
    if part == "Step Functions" and near(right_usd * len(record.transitions) / max(1, sum(record.executions.values()))):
        return "only the transitions of the inspected executions are counted, not all of them."
    if part == "Step Functions" and near(right_usd * statistics.median(record.transitions or [1]) / mean):
        return "the median of the transitions is used instead of their mean."
    if part == "Step Functions" and record.executions.get("FAILED"):
        return "failed executions are also billed."
    return ""


class _Rows(HTMLParser):
    """The rows of all tables of a page, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.text = ""
        self._cell = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th") and self.rows:
            self.rows[-1].append("")
        self._cell = tag in ("td", "th")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "tr", "table"):
            self._cell = False

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._cell and self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


def _page(attempt: Attempt, record: drill.Record) -> None:
    path = FOLDER / "page.html"
    if not path.is_file():
        attempt.not_started(f"There is no page yet: {path}.", look_at="the third cell of task 12.6. Run it")
    table = _Rows(path.read_text(encoding="utf-8"))
    called = f"read {path}"
    score = drill.score(record)
    prices = {row[0]: row[1] for row in table.rows if len(row) == 2}
    variants = [parts for _, parts in _variants(record)]
    for part, usd in score.cost.parts:
        text = capstone.usd_text(usd)
        attempt.expect(
            any(_close(prices.get(part, ""), costs[part]) for costs in (variants if part in PARTS else variants[:1])),
            problem=f"The page and the record disagree about the price: {part}.",
            called=called,
            came_back=prices.get(part, "no such row"),
            expected=text,
            look_at="whether you have run the drill or changed your prices since then. Run the third cell again",
        )
    texts = {row[0]: row[2] for row in table.rows if len(row) == 3}
    for finding in score.findings:
        attempt.expect(
            texts.get(finding.name) == finding.seen,
            problem=f"The page is about a different drill than the record: {finding.name}.",
            called=called,
            came_back=texts.get(finding.name, "no such row"),
            expected=finding.seen,
            look_at="the third cell of task 12.6. Run it again",
        )
    _reasons(attempt, path, called, [finding.name for finding in score.findings if finding.name != "cost"])


def _close(text: str, usd: float) -> bool:
    try:
        return abs(float(text) - usd) <= TOLERANCE * usd + 0.0001
    except ValueError:
        return False


def _reasons(attempt: Attempt, path: Path, called: str, findings: list[str]) -> None:
    text = path.read_text(encoding="utf-8")
    pairs = [part.split("</dt><dd>") for part in text.split("<dt>")[1:]]
    reasons = {pair[0]: pair[1].split("</dd>")[0] for pair in pairs if len(pair) == 2}
    missing = [decision for decision in DECISIONS if decision not in reasons]
    attempt.expect(
        not missing,
        problem="The page does not give a reason for each of the five decisions.",
        called=called,
        came_back=f"{len(reasons)} reasons: {readable(list(reasons))}",
        expected=f"also a reason for: {', '.join(missing)}",
        look_at="the keys of reasons in the second cell of task 12.6, and the table above it",
    )
    for decision, why in reasons.items():
        attempt.expect(
            len(why.split()) >= WORDS,
            problem=f"A decision has no reason: {decision}.",
            called=called,
            came_back=why or "no text",
            expected="a sentence about the fault that it prevents, and the finding that shows it",
            look_at="the second cell of task 12.6",
        )
    _differ(attempt, called, reasons, findings)
    named = re.compile(rf"\b({'|'.join(map(re.escape, findings))})\b", re.IGNORECASE)
    attempt.expect(
        all(named.search(why) for why in reasons.values()),
        problem="A reason does not name a finding of the drill other than cost. How would anybody see that it is true?",
        called=called,
        came_back=readable([decision for decision, why in reasons.items() if not named.search(why)]),
        expected=f"the name of a finding in each reason: {', '.join(findings)}",
        look_at="the second cell of task 12.6",
    )


def _differ(attempt: Attempt, called: str, reasons: dict[str, str], findings: list[str]) -> None:
    """No two reasons are the same sentence, even with other names of findings and decisions in it."""
    names = "|".join(re.escape(name.lower()) for name in [*reasons, *findings])
    plain = {decision: re.sub(rf"\b({names})\b|\W+", " ", why.lower()).split() for decision, why in reasons.items()}
    for number, decision in enumerate(plain):
        same = [other for other in list(plain)[:number] if plain[other] == plain[decision]]
        attempt.expect(
            not same,
            problem=f"Two decisions have the same reason: {' and '.join([*same[:1], decision])}.",
            called=called,
            came_back=reasons[decision],
            expected="for each decision, what would go wrong without this decision",
            look_at="the second cell of task 12.6",
        )
