"""Plausible and broken requests to every operation of an API, made from botocore's model of it.

boto3 checks much before it asks, so the requests go out by `fuzz_wire`. The same seed makes the same requests.
Hypothesis isn't used: the strategies for 2,400 operations cost more than the calls.
"""

from __future__ import annotations

import functools
import json
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from kits.fuzz_wire import Sent, model_of

_LAST = re.compile("Delete|Terminate|Remove|Purge|Stop|Disable|Release|Deregister|Reset|Abort")


def operations(service: str) -> list[str]:
    """The operations of a service. Those that end resources come last, so that the others find some."""
    return sorted(model_of(service).operation_names, key=lambda name: (bool(_LAST.match(name)), name))


# ---- plausible parameters

_PYTHON: dict[str, Any] = {
    "string": str, "integer": int, "long": int, "structure": dict, "map": dict, "list": list, "blob": bytes,
    "boolean": bool, "double": (int, float), "float": (int, float),
}  # fmt: skip


class Plausible:
    """Makes parameters as the model describes them.

    Args:
        dice: the source of every choice.
        named: values by the name of the member, "Service.Member" or "Member", in lower case: of what exists.
        optional: the share of optional members that are sent.
    """

    def __init__(self, dice: random.Random, named: Mapping[str, Sequence[Any]], optional: float = 0.3) -> None:
        self._dice, self._named, self._optional = dice, named, optional

    def parameters(self, service: str, operation: str) -> dict[str, Any]:
        """The parameters of an operation."""
        shape = model_of(service).operation_model(operation).input_shape
        return {} if shape is None else self._structure(service, shape, 0)

    def _structure(self, service: str, shape: Any, depth: int) -> dict[str, Any]:
        names = list(shape.members)
        if getattr(shape, "is_tagged_union", False):
            names = [self._dice.choice(names)]
        share = self._optional / (1 + depth)
        chosen = [n for n in names if n in shape.required_members or len(names) == 1 or self._dice.random() < share]
        return {name: self._value(service, name, shape.members[name], depth + 1) for name in chosen}

    def _value(self, service: str, name: str, shape: Any, depth: int) -> Any:
        for key in (f"{service}.{name}".lower(), name.lower()):
            if key in self._named and (value := self._fitting(self._dice.choice(self._named[key]), shape)) is not None:
                return value
        if shape.type_name == "structure":
            if depth > 6:
                return {}
            return self._structure(service, shape, depth)
        if shape.type_name == "list":
            return self._list(service, name, shape, depth)
        if shape.type_name == "map":
            key = self._value(service, f"{name}.key", shape.key, depth + 1)
            return {} if depth > 6 else {key: self._value(service, f"{name}.value", shape.value, depth + 1)}
        return self._scalar(name, shape)

    def _list(self, service: str, name: str, shape: Any, depth: int) -> list[Any]:
        least = shape.metadata.get("min", 1)
        if depth > 6:
            return []
        key = name.removesuffix("s") if name.endswith("s") else name
        return [self._value(service, key, shape.member, depth + 1) for _ in range(max(least, 1))]

    def _fitting(self, value: Any, shape: Any) -> Any:
        """The value, in a list if one is asked for; None if it doesn't fit."""
        if shape.type_name == "list" and not isinstance(value, list):
            inner = self._fitting(value, shape.member)
            return None if inner is None else [inner]
        if not isinstance(value, _PYTHON.get(shape.type_name, object)):
            return None
        return value

    def _scalar(self, name: str, shape: Any) -> Any:
        kind, dice = shape.type_name, self._dice
        if kind == "boolean":
            return dice.random() < 0.5
        if kind in ("integer", "long", "float", "double", "bigdecimal"):
            least = shape.metadata.get("min", 1)
            most = shape.metadata.get("max", max(least, 10))
            return dice.choice([least, most, least if most > least + 1000 else (least + most) // 2])
        if kind == "timestamp":
            return datetime(2026, 6, dice.randint(1, 28), tzinfo=UTC)
        if kind == "blob":
            return b'{"lamp": 1}'
        return text_for(name, shape, dice)


def text_for(name: str, shape: Any, dice: random.Random) -> str:
    """A string of the shape: one of its values, or one that its lengths and pattern allow."""
    if getattr(shape, "enum", None):
        return str(dice.choice(shape.enum))
    pattern = shape.metadata.get("pattern")
    least, most = int(shape.metadata.get("min", 0)), int(shape.metadata.get("max", 10_000))
    for candidate in _candidates(name.lower(), dice):
        if least <= len(candidate) <= most and _fits(pattern, candidate):
            return candidate
    return "lamp".ljust(least, "p")[:most]


_USUAL = (
    "1", "lamp", "price", "orders", "a", "12345678-1234-1234-1234-123456789012", "1234567890abcdef", "123456789012",
    "us-east-1", "/lamps/price", "12345678901234567890123456789012", "arn:aws:iam::123456789012:role/hikari-functions",
    "arn:aws:sqs:us-east-1:123456789012:orders", "a@example.com", "2026-06-01T00:00:00Z", "$.lamp", "{}",
    "rate(5 minutes)", "AAAA", "10.0.0.0/16", "python3.13",
)  # fmt: skip


def _candidates(name: str, dice: random.Random) -> list[str]:
    number = dice.randint(1, 999)
    arn = "arn:aws:sqs:us-east-1:123456789012:orders"
    first = []
    if "arn" in name:
        first += [
            arn,
            "arn:aws:iam::123456789012:role/hikari-functions",
            "arn:aws:lambda:us-east-1:123456789012:function:price",
            "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        ]
    if "policy" in name or "document" in name:
        first.append('{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}')
    if "ur" in name:
        first.append("https://lamps.example.com/orders")
    if "cidr" in name:
        first.append(f"10.{number % 200}.0.0/16")
    return [*first, f"lamp-{number}", f"lamp{number}", f"Lamp{number}", str(number), *_USUAL]


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern)
    except re.error:
        return None


def _fits(pattern: str | None, text: str) -> bool:
    if not pattern:
        return True
    compiled = _compiled(pattern)
    return compiled is None or compiled.fullmatch(text) is not None


# ---- broken ones

BAD_TEXTS = (
    "", " ", "no-such-lamp", "arn", "arn:aws", "arn:aws:lambda:us-east-1:123456789012", "arn:aws:sqs:us-east-1::",
    "arn:aws:iam::123456789012:role/", "a:b:c:d:e:f:g", "x" * 3000, "ランプ", "../../lamp", "{", "[]", "null", "-1",
    "%", "<lamp>", "i-0000000000000000", "https://", "$", "*", "0",
)  # fmt: skip
BAD_NUMBERS = (-1, 0, 2**31, 2**63, -(2**63), 10**20)
BAD_TYPES: tuple[Any, ...] = (None, 0, -1, 1.5, True, "lamp", "", [], {}, [None], {"lamp": 1}, [[]], ["lamp"])


def spoil(given: Any, dice: random.Random) -> Any:
    """The parameters with one value replaced by a bad one of its type."""
    places = [spot for spot in spots(given) if not isinstance(spot[1], (dict, list))]
    if not places:
        return given
    path, value = dice.choice(places)
    bad: Any
    if isinstance(value, str):
        bad = dice.choice(BAD_TEXTS)
    elif isinstance(value, bytes):
        bad = dice.choice([b"", b"\xff\xfe", b"{", b"lamp"])
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        bad = dice.choice(BAD_NUMBERS)
    else:
        return given
    return with_part(given, path, bad)


def strangers(given: Any, dice: random.Random) -> Any:
    """The parameters with all names of the top level replaced by names of nothing."""
    del dice
    return {k: "no-such-lamp" if isinstance(v, str) else v for k, v in given.items()}


def without(given: Any, dice: random.Random) -> Any:
    """The parameters without one, or one of an inner structure."""
    places = [path for path, _ in spots(given) if path and isinstance(path[-1], str)]
    return without_part(given, dice.choice(places)) if places else given


def nothing(given: Any, dice: random.Random) -> Any:
    """No parameters at all."""
    del given, dice
    return {}


def empty(given: Any, dice: random.Random) -> Any:
    """The parameters with a list, map or structure emptied."""
    places = [(path, value) for path, value in spots(given) if isinstance(value, (dict, list)) and value]
    if not places:
        return given
    path, value = dice.choice(places)
    return with_part(given, path, type(value)())


#: Ways to break parameters.
SPOILERS: tuple[Callable[[Any, random.Random], Any], ...] = (spoil, strangers, without, nothing, empty)


def wrong_type(sent: Sent, dice: random.Random) -> Sent:
    """A JSON body with a value of another type; a form with one field renamed."""
    try:
        content = json.loads(sent.body)
    except ValueError:
        return Sent(sent.method, sent.path, sent.headers, sent.body.replace(b".1=", b".x=", 1).replace(b"</", b"<", 1))
    places = list(spots(content))
    if not places:
        return Sent(sent.method, sent.path, sent.headers, json.dumps(dice.choice(BAD_TYPES)).encode())
    path, _ = dice.choice(places)
    return Sent(
        sent.method, sent.path, sent.headers, json.dumps(with_part(content, path, dice.choice(BAD_TYPES))).encode()
    )


def malformed(sent: Sent, dice: random.Random) -> Sent:
    """A body that its protocol can't read."""
    cut = sent.body[: len(sent.body) // 2]
    bad = dice.choice([b"", b"{", b"[]", b'"lamp"', b"null", b"\xff\xfe\x00", b"<lamp>", b"a&&=&%", cut])
    return Sent(sent.method, sent.path, sent.headers, bad)


#: Ways to break a request on the wire.
VANDALS: tuple[Callable[[Sent, random.Random], Sent], ...] = (wrong_type, malformed)


def spots(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """The path and the value of each part of some JSON."""
    if path:
        yield path, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from spots(inner, (*path, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from spots(inner, (*path, number))


def with_part(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """A copy with another value at a path."""
    if not path:
        return new
    copied = dict(value) if isinstance(value, dict) else list(value)
    copied[path[0]] = with_part(value[path[0]], path[1:], new)
    return copied


def without_part(value: Any, path: tuple[Any, ...]) -> Any:
    """A copy without what is at a path."""
    copied = dict(value) if isinstance(value, dict) else list(value)
    if len(path) == 1:
        del copied[path[0]]
    else:
        copied[path[0]] = without_part(value[path[0]], path[1:])
    return copied
