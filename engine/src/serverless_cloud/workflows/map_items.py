"""The items of a distributed Map, read from S3. No moto.

Rules: Step Functions Developer Guide, "ItemReader (Map)".
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from serverless_cloud.core.json_types import JsonObject

INPUT_TYPES = ("CSV", "JSON", "JSONL")
DELIMITERS = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}


class CannotRead(ValueError):
    """The dataset is not what ReaderConfig says. The text is for the learner."""


def reader_problem(reader: JsonObject) -> str | None:
    """Why an ItemReader cannot be served, in a sentence; None if it can."""
    action = str(reader.get("Resource", "")).rsplit(":", 1)[-1]
    config = reader.get("ReaderConfig", {})
    if action not in ("getObject", "listObjectsV2"):
        return f"The local cloud doesn't support ItemReader's Resource {reader.get('Resource')}"
    for name in ("Transformation", "ManifestType"):
        if name in config:
            return f"The local cloud doesn't support {name} in ReaderConfig"
    kind = config.get("InputType")
    if action == "getObject" and kind not in INPUT_TYPES:
        return f"The local cloud doesn't support InputType {kind}. Give {' or '.join(INPUT_TYPES)}"
    if kind == "CSV":
        location = config.get("CSVHeaderLocation")
        if location not in ("FIRST_ROW", "GIVEN"):
            return "CSVHeaderLocation must be FIRST_ROW or GIVEN"
        if (location == "GIVEN") != ("CSVHeaders" in config):
            return "CSVHeaderLocation GIVEN and CSVHeaders need each other. Give both or neither"
        if config.get("CSVDelimiter", "COMMA") not in DELIMITERS:
            return f"CSVDelimiter must be one of {', '.join(DELIMITERS)}"
    return None


def items_of(text: str, config: JsonObject) -> Sequence[object]:
    """The items in an object of S3.

    Args:
        config: ReaderConfig.

    Raises:
        CannotRead.
    """
    kind = config["InputType"]
    try:
        if kind == "CSV":
            return _rows(text, config)
        if kind == "JSONL":
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        return _array(json.loads(text), config.get("ItemsPointer"))
    except json.JSONDecodeError as error:
        raise CannotRead(f"The object is not {kind}: {error}") from error


def listed(contents: Sequence[JsonObject]) -> list[JsonObject]:
    """The objects of ListObjectsV2, as items."""
    return [
        {
            "Etag": content["ETag"],
            "Key": content["Key"],
            "LastModified": int(content["LastModified"].timestamp()),
            "Size": content["Size"],
            "StorageClass": content.get("StorageClass", "STANDARD"),
        }
        for content in contents
    ]


def _rows(text: str, config: JsonObject) -> list[dict[str, str]]:
    rows = list(
        csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=DELIMITERS[config.get("CSVDelimiter", "COMMA")])
    )
    headers = config["CSVHeaders"] if config["CSVHeaderLocation"] == "GIVEN" else (rows.pop(0) if rows else [])
    if len(set(headers)) < len(headers):
        raise CannotRead("CSV headers cannot contain duplicates.")
    return [{name: row[at] if at < len(row) else "" for at, name in enumerate(headers)} for row in rows]


def _array(value: Any, pointer: str | None) -> Sequence[object]:
    for step in (pointer or "").split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        try:
            value = value[int(key)] if isinstance(value, list) else value[key]
        except (KeyError, IndexError, ValueError, TypeError):
            raise CannotRead(f"ItemsPointer {pointer} points at nothing in the object.") from None
    if not isinstance(value, list):
        raise CannotRead("Attempting to map over non-iterable node.")
    return value
