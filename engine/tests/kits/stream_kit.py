"""What the tests of stream mappings share, on top of cloud_kit: tables, streams, and a function that notes."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kits import cloud_kit

#: Notes each event in $NOTES. A record with "poison" fails the call, unless the file $HEALED is there; with $REPORTS it
#: is reported alone instead. A call waits for the file $LEAVE, if there is such a variable.
LEDGER = """
import base64, json, os, time

def order(record):
    if "kinesis" in record:
        return json.loads(base64.b64decode(record["kinesis"]["data"]))
    image = record["dynamodb"].get("NewImage", {})
    return {"poison": image.get("poison", {}).get("BOOL", False)}

def number(record):
    return record["kinesis"]["sequenceNumber"] if "kinesis" in record else record["dynamodb"]["SequenceNumber"]

def handler(event, context):
    line = json.dumps(event | {"request": context.aws_request_id}) + "\\n"
    place = os.open(os.environ["NOTES"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(place, line.encode())
    os.close(place)
    while "LEAVE" in os.environ and not os.path.exists(os.environ["LEAVE"]):
        time.sleep(0.005)
    if os.path.exists(os.environ["HEALED"]):
        return None
    bad = [number(record) for record in event["Records"] if order(record).get("poison")]
    if bad and os.environ.get("REPORTS"):
        return {"batchItemFailures": [{"itemIdentifier": each} for each in bad]}
    if bad:
        raise ValueError("poison")
"""


@dataclass(frozen=True)
class Ledger:
    """A function that notes what it gets.

    Args:
        name: of the function.
        notes, healed, leave: its files.
    """

    name: str
    notes: Path
    healed: Path
    leave: Path

    def events(self) -> list[dict[str, Any]]:
        """All events, in the order of the calls."""
        lines = self.notes.read_bytes().split(b"\n")[:-1] if self.notes.exists() else []
        return [json.loads(line) for line in lines]

    def records(self) -> list[dict[str, Any]]:
        """The records of all events."""
        return [record for event in self.events() for record in event["Records"]]

    def batches(self) -> list[list[int]]:
        """The numbers ("n") of the records of each call."""
        return [[number_of(record) for record in event["Records"]] for event in self.events()]

    def numbers(self) -> list[int]:
        """The numbers of all records."""
        return [number for batch in self.batches() for number in batch]

    def await_numbers(self, *wanted: int) -> None:
        """Waits until it has seen these numbers."""
        cloud_kit.eventually(lambda: set(wanted) <= set(self.numbers()), f"{self.name} has seen {wanted}")

    def await_records(self, count: int) -> list[dict[str, Any]]:
        """The first `count` records, waited for."""
        cloud_kit.eventually(lambda: len(self.records()) >= count, f"{self.name} has got {count} records")
        return self.records()[:count]


def number_of(record: dict[str, Any]) -> int:
    """The number that stands in a record of these tests."""
    if "kinesis" in record:
        return int(json.loads(base64.b64decode(record["kinesis"]["data"]))["n"])
    return int(record["dynamodb"]["Keys"]["n"]["N"])


def make_ledger(name: str, folder: Path, *, source: str = LEDGER, holds: bool = False, reports: bool = False) -> Ledger:
    """Deploys a function that notes its events in `folder`.

    Args:
        holds: its calls wait until the file `leave` is there.
        reports: it reports poisoned records alone.
    """
    ledger = Ledger(name, folder / f"{name}.notes", folder / f"{name}.healed", folder / f"{name}.leave")
    variables = {"NOTES": str(ledger.notes), "HEALED": str(ledger.healed)}
    variables |= {"LEAVE": str(ledger.leave)} if holds else {}
    variables |= {"REPORTS": "yes"} if reports else {}
    cloud_kit.deploy(name, source, Environment={"Variables": variables})
    return ledger


def make_table(name: str = "orders", view: str = "NEW_AND_OLD_IMAGES") -> str:
    """A table of items with the key "n" and a stream; the stream's ARN."""
    stream = {"StreamEnabled": True, "StreamViewType": view}
    return str(cloud_kit.make_table(name, "n", "N", StreamSpecification=stream)["LatestStreamArn"])


def put_item(number: int, table: str = "orders", **more: Any) -> None:
    """Puts item `number` into a table; more: attributes in DynamoDB's JSON."""
    cloud_kit.client("dynamodb").put_item(TableName=table, Item={"n": {"N": str(number)}, **more})


def make_stream(shards: int = 1, name: str = "payments") -> str:
    """A Kinesis stream; its ARN."""
    kinesis = cloud_kit.client("kinesis")
    kinesis.create_stream(StreamName=name, ShardCount=shards)
    return str(kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"])


def put_record(number: int, *, shard: int = 0, of: int = 1, key: str = "", poison: bool = False) -> str:
    """Puts record `number` into the stream "payments"; its sequence number.

    Args:
        shard, of: into this one of so many shards of the same size.
        key: its partition key, which chooses the shard instead.
    """
    where = {"PartitionKey": key} if key else {"PartitionKey": "k", "ExplicitHashKey": str(2**128 // of * shard)}
    data = json.dumps({"n": number, "poison": poison}).encode()
    return str(cloud_kit.client("kinesis").put_record(StreamName="payments", Data=data, **where)["SequenceNumber"])


def put_records(*numbers: int, poison: tuple[int, ...] = ()) -> list[str]:
    """Puts records into the stream "payments", those in `poison` poisoned; their sequence numbers."""
    return [put_record(number, poison=number in poison) for number in numbers]


def map_stream(arn: str, ledger: Ledger, **settings: Any) -> str:
    """create_event_source_mapping, from the beginning of the stream unless said otherwise; its UUID.

    Args:
        settings: the API's; `on_failure`: the ARN of the failure destination.
    """
    if "on_failure" in settings:
        settings["DestinationConfig"] = {"OnFailure": {"Destination": settings.pop("on_failure")}}
    given = {"StartingPosition": "TRIM_HORIZON"} | settings
    mapping = cloud_kit.client("lambda").create_event_source_mapping(
        EventSourceArn=arn, FunctionName=ledger.name, **given
    )
    return str(mapping["UUID"])


def last_result(uuid: str) -> str:
    """LastProcessingResult of a mapping."""
    return str(cloud_kit.client("lambda").get_event_source_mapping(UUID=uuid)["LastProcessingResult"])
