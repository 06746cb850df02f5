"""Helpers for the checks of tasks 12.3 and 12.4: an eavesdropper in the learner's files, events, and settings."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serverless_first.drill import capstone
from serverless_first.lab.failures import listed, one_line
from serverless_first.lab.messages import record
from serverless_first.lab.rights import allows, beyond
from serverless_first.lab.whole_shop import Whole, statements_of

NEWS, PROJECTOR, PART = "functions/news.py", "functions/projector.py", "parts/projection.yaml"
MEET_S = 10.0
SOURCE, BUS = "hikari.orders", "hikari"
#: The actions that the projector may use on its table, as patterns.
ITEMS = ("dynamodb:*item", "dynamodb:query", "dynamodb:scan", "dynamodb:describe*", "dynamodb:partiql*")
WRITES = ("dynamodb:UpdateItem", "dynamodb:PutItem", "dynamodb:BatchWriteItem", "dynamodb:PartiQLUpdate")
#: SAM gives these actions to each function that reads a queue.
_POLLING = ("sqs:receivemessage", "sqs:deletemessage", "sqs:getqueueattributes", "sqs:changemessagevisibility")
#: Goes behind the learner's files, and does nothing once the check has deleted the place. It writes down which events
#: are sent and which operations the projector uses, and it fails calls while the file "fails" names a kind.
#: Of two environments that read, as long as there is a room for it,
#: the first one goes on when the second one has read, and the second one when the first one has ended: so its write is
#: the last.
_BEHIND = """

def _watch(place):
    import json
    import pathlib
    import time

    import botocore.client
    import botocore.exceptions

    call, place = botocore.client.BaseClient._make_api_call, pathlib.Path(place)
    room, kind_file = place / "room", place / "fails"

    def ear_fail(self, kind, operation):
        if kind == "unreachable":
            raise botocore.exceptions.ConnectTimeoutError(endpoint_url=self.meta.endpoint_url)
        codes = {{
            "throttled": ("ThrottlingException", "ProvisionedThroughputExceededException"),
            "broken": ("InternalException", "InternalServerError"),
            "missing": ("ResourceNotFoundException", "ResourceNotFoundException"),
            "no payments": ("ExecutionLimitExceeded", "ExecutionLimitExceeded"),
        }}
        code = codes[kind][self.meta.service_model.service_name == "dynamodb"]
        error = {{"Code": code, "Message": "The check lets this call fail."}}
        raise self.exceptions.from_code(code)({{"Error": error}}, operation)

    def write_down(name, value):
        with (place / name).open("a") as file:
            file.write(json.dumps(value, default=repr) + "\\n")

    def ear_put_events(self, arguments, kind):
        entries = arguments.get("Entries")
        if kind == "rejected" and entries:
            kind_file.unlink()
            rejected = {{"ErrorCode": "InternalFailure", "ErrorMessage": "Unexpected server error."}}
            write_down("rejected", entries[0])
            return {{
                "FailedEntryCount": 1,
                "Entries": [rejected, *({{"EventId": str(number)}} for number in range(1, len(entries)))],
            }}
        write_down("calls", entries)
        return call(self, "PutEvents", arguments)

    def ear_meet():
        mine, other = ("second", "ended") if (room / "first").exists() else ("first", "second")
        (room / mine).touch()
        end_s = time.monotonic() + {limit_s}
        while not any((room / name).exists() for name in (other, "ended")) and time.monotonic() < end_s:
            time.sleep(0.02)

    def ear_call(self, operation, arguments):
        if not place.is_dir():  # the check is over
            return call(self, operation, arguments)
        kind = kind_file.read_text() if kind_file.exists() else ""
        is_table = self.meta.service_model.service_name == "dynamodb"
        everywhere = ("throttled", "broken", "missing", "unreachable")
        if kind in everywhere and (is_table or operation == "PutEvents"):
            ear_fail(self, kind, operation)
        if kind == "no payments" and operation == "StartExecution":
            ear_fail(self, kind, operation)
        if operation == "PutEvents":
            return ear_put_events(self, arguments, kind)
        answer = call(self, operation, arguments)
        if is_table:
            (place / ("used-" + operation)).touch()
        if operation in ("GetItem", "BatchGetItem", "Query", "Scan", "TransactGetItems") and room.is_dir():
            ear_meet()
        return answer

    botocore.client.BaseClient._make_api_call = ear_call


_watch({place!r})
"""


@dataclass(frozen=True)
class Eavesdropper:
    """The calls of the learner's files to AWS, written to files in `place`."""

    place: Path

    @property
    def room(self) -> Path:
        """The folder in which two environments meet; the check makes it."""
        return self.place / "room"

    def behind(self, *files: str) -> dict[str, str]:
        """Returns the text of each file that the learner has written, with the eavesdropper at its end."""
        paths = {name: capstone.Shop().folder / name for name in files}
        end = _BEHIND.format(place=str(self.place), limit_s=MEET_S)
        return {name: path.read_text(encoding="utf-8") + end for name, path in paths.items() if path.is_file()}

    def calls(self) -> list[list[Any]]:
        """The entries of each call of PutEvents that EventBridge got since the last time."""
        return [entries if isinstance(entries, list) else [] for entries in self._take("calls")]

    def rejected(self) -> list[Any]:
        """The entries that were rejected since the last time."""
        return self._take("rejected")

    def operations(self) -> list[str]:
        """The operations of DynamoDB that the projector has used."""
        return sorted(path.name.removeprefix("used-") for path in self.place.glob("used-*"))

    @contextmanager
    def failing(self, kind: str) -> Iterator[None]:
        """Lets calls fail while the block runs.

        Args:
            kind: "throttled", "broken", "missing" or "unreachable" for the calls of news.py and projector.py,
                "rejected" for one event, "no payments" for the start of executions.
        """
        file = self.place / "fails"
        file.write_text(kind)
        try:
            yield
        finally:
            file.unlink(missing_ok=True)

    def _take(self, name: str) -> list[Any]:
        path = self.place / name
        lines = path.read_text().splitlines() if path.is_file() else []
        path.unlink(missing_ok=True)
        return [json.loads(line) for line in lines]


def event(kind: str, order_id: str, source: str = SOURCE) -> dict[str, Any]:
    """An event as EventBridge hands it on."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": kind,
        "source": source,
        "account": "123456789012",
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "region": "us-east-1",
        "resources": [],
        "detail": {"order_id": order_id},
    }


def message(kind: str, order_id: str) -> dict[str, Any]:
    """A message of the queue Changes with such an event, as Lambda hands it on."""
    return record(json.dumps(event(kind, order_id)))


def error_in(came_back: str) -> tuple[str, str]:
    """The error that a function ended with, on one line, and the learner's file and line, or "", that raised it."""
    try:
        payload = json.loads(came_back)
        text = f"{payload['errorType']}: {payload['errorMessage']}"
        frames = [line for line in payload.get("stackTrace", []) if ", in ear_" not in line]
    except (ValueError, KeyError, TypeError):
        return came_back, ""
    for line in reversed(frames):
        for file in ("news.py", "projector.py", "payment.py", "worker.py"):
            if f'{file}", line ' in line:
                return one_line(text), f"functions/{file}, line {line.partition(', line ')[2].partition(',')[0]}"
    return one_line(text), ""


# ---- the settings


def settings(whole: Whole) -> None:
    """Expects what the text says about the rule, the projector's queue, and its role. Nothing is called for it."""
    arn = whole.shop.client("sqs").get_queue_attributes(QueueUrl=whole["ChangesQueueUrl"], AttributeNames=["QueueArn"])[
        "Attributes"
    ]["QueueArn"]
    _rule(whole, arn)
    _mapping(whole, arn)
    _role(whole)


def _rule(whole: Whole, queue_arn: str) -> None:
    attempt, events = whole.attempt, whole.shop.client("events")
    rules = events.list_rules(EventBusName=BUS)["Rules"]
    mine = [
        rule
        for rule in rules
        if any(
            target["Arn"] == queue_arn
            for target in events.list_targets_by_rule(Rule=rule["Name"], EventBusName=BUS)["Targets"]
        )
    ]
    attempt.expect(
        bool(mine),
        problem="No rule sends events to the queue Changes, so the projector never gets an event.",
        called="look at the rules of the bus and their targets",
        came_back=f"rules: {listed([rule['Name'] for rule in rules])}",
        expected="a rule with the queue Changes among its targets",
        look_at=f"the Targets of the rule in {PART}",
    )

    def matches(kind: str, source: str = SOURCE) -> bool:
        text = json.dumps(event(kind, "ord-17", source))
        return any(
            events.test_event_pattern(EventPattern=rule["EventPattern"], Event=text)["Result"]
            for rule in mine
            if rule.get("EventPattern")
        )

    patterns = ", ".join(rule.get("EventPattern", "no pattern") for rule in mine)
    left_out = [kind for kind in ("OrderAccepted", "OrderPaid", "OrderCancelled", "OrderShipped") if not matches(kind)]
    attempt.expect(
        not left_out,
        problem=f"The rule leaves out events of the shop, for example {left_out[0] if left_out else ''}.",
        called=f"test the rule's pattern with events from {SOURCE}",
        came_back=f"{patterns} doesn't match {listed(left_out)}",
        expected=f"a pattern that matches every event from {SOURCE}, including types that the shop will add later",
        look_at=f"the EventPattern in {PART}",
    )
    others = ("hikari.shipments", "hikari.orders.archive", "old.hikari.orders", "Hikari.Orders")
    let_in = [source for source in others if matches("ShipmentSent", source)]
    attempt.expect(
        not let_in,
        problem="The rule also sends events from other sources to the projector, which cannot handle them.",
        called=f"test the rule's pattern with the event ShipmentSent from {listed(others)}",
        came_back=f"{patterns} matches the event from {listed(let_in)}",
        expected=f"a pattern that matches only events from {SOURCE}",
        look_at=f"the EventPattern in {PART}",
    )


def _mapping(whole: Whole, queue_arn: str) -> None:
    attempt, functions = whole.attempt, whole.shop.client("lambda")
    all_of_it = functions.list_event_source_mappings(FunctionName=whole["Projector"])["EventSourceMappings"]
    mapping = next((candidate for candidate in all_of_it if candidate["EventSourceArn"] == queue_arn), None)
    called, look_at = "look at the event source mapping of Projector", f"the Events of Projector in {PART}"
    if mapping is None:
        attempt.fail(
            "The projector does not read the queue Changes.",
            called=called,
            came_back=f"it reads: {listed([other['EventSourceArn'].rpartition(':')[2] for other in all_of_it])}",
            expected="an event of type SQS with the queue Changes",
            look_at=look_at,
        )
    attempt.expect(
        "ReportBatchItemFailures" in (mapping.get("FunctionResponseTypes") or []),
        problem="Lambda ignores the list of failed messages that the projector returns, and deletes them all.",
        called=called,
        came_back=f"FunctionResponseTypes: {listed(mapping.get('FunctionResponseTypes') or [])}",
        expected="the same setting as for the worker, so that only the failed messages come back",
        look_at=look_at,
    )
    attempt.expect(
        mapping["BatchSize"] == 10,
        problem="The projector's batches don't have the size that step 3 gives.",
        called=called,
        came_back=f"BatchSize: {mapping['BatchSize']}",
        expected="batches of up to 10 messages",
        look_at=look_at,
    )
    most = (mapping.get("ScalingConfig") or {}).get("MaximumConcurrency")
    attempt.expect(
        most == 2,
        problem="The number of batches that Lambda hands to the projector at the same time isn't the one in step 3.",
        called=called,
        came_back=f"MaximumConcurrency: {most}" if most else "no ScalingConfig, so there is no limit",
        expected="at most 2 batches at a time",
        look_at=look_at,
    )


def _role(whole: Whole) -> None:
    attempt = whole.attempt
    statements, arn = _statements(whole)
    called, look_at = "look at the role of Projector", f"the Policies of Projector in {PART}"
    wide = [excess for statement in statements if (excess := beyond(statement, {arn: ITEMS}))]
    attempt.expect(
        not wide,
        problem="Projector may do more than it needs. Anyone who finds a security hole in it can do the same.",
        called=called,
        came_back=f"among other things, Projector may do {wide[0]}" if wide else "",
        expected="read and write the items of the table Projection, and nothing else",
        look_at=look_at,
    )
    attempt.expect(
        any(allows(statement, action, arn) for statement in statements for action in WRITES),
        problem="Projector is not allowed to write to its table, so AWS would deny every such call.",
        called=called,
        came_back=f"on the table Projection: {listed(_actions(statements))}",
        expected="rights to write items. Your local cloud allows the call without them, but AWS does not",
        look_at=look_at,
    )


def expect_rights(whole: Whole, operations: Sequence[str]) -> None:
    """Expects that the projector's role allows the operations that it has used."""
    statements, arn = _statements(whole)
    for operation in operations:
        if operation.startswith(("Transact", "Execute", "BatchExecute")):
            continue  # the actions of these have other names
        whole.attempt.expect(
            any(allows(statement, f"dynamodb:{operation}", arn) for statement in statements),
            problem=f"Projector calls {operation} without the right to do so, so AWS would deny the call.",
            called="look at the role of Projector, and at its calls during this check",
            came_back=f"on the table Projection: {listed(_actions(statements))}",
            expected=f"dynamodb:{operation} in the list, because AWS checks it, even though your local cloud does not",
            look_at=f"the Policies of Projector in {PART}",
        )


def _statements(whole: Whole) -> tuple[list[dict[str, Any]], str]:
    """The statements of the projector's role without those for its queue, and the table's ARN."""
    table = whole.shop.client("dynamodb").describe_table(TableName=whole["ProjectionTable"])["Table"]["TableArn"]
    statements = [
        statement
        for statement in statements_of(whole, "Projector")
        if statement.get("Managed") != "AWSLambdaSQSQueueExecutionRole"
        and not all(action.lower().startswith((*_POLLING, "logs:")) for action in _actions([statement]) or ["*"])
    ]
    return statements, str(table)


def _actions(statements: Sequence[dict[str, Any]]) -> list[str]:
    names: list[str] = []
    for statement in statements:
        actions = statement.get("Action", [])
        names += [actions] if isinstance(actions, str) else actions
    return names
