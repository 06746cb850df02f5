"""The intrinsic functions of JSONPath states, as they are written (Developer Guide, "Intrinsic functions")."""

from __future__ import annotations

import re

from serverless_cloud.workflows import json_path

#: How many arguments each takes, at least and at most; None: any number.
FUNCTIONS: dict[str, tuple[int, int | None]] = {
    "States.Array": (0, None),
    "States.ArrayPartition": (2, 2),
    "States.ArrayContains": (2, 2),
    "States.ArrayRange": (3, 3),
    "States.ArrayGetItem": (2, 2),
    "States.ArrayLength": (1, 1),
    "States.ArrayUnique": (1, 1),
    "States.Base64Encode": (1, 1),
    "States.Base64Decode": (1, 1),
    "States.Hash": (2, 2),
    "States.JsonMerge": (3, 3),
    "States.StringToJson": (1, 1),
    "States.JsonToString": (1, 1),
    "States.MathRandom": (2, 3),
    "States.MathAdd": (2, 2),
    "States.StringSplit": (2, 2),
    "States.UUID": (0, 0),
    "States.Format": (1, None),
}
MOST_NESTED = 10  # "You can nest up to 10 intrinsic functions within a field"

_NAME = re.compile(r"States\.[A-Za-z0-9]+")
_LITERAL = re.compile(r"(?s)'(?:\\.|[^'\\])*'|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null")
_VARIABLE = re.compile(r"\$[A-Za-z_]\w*")


class _Reader:
    """Reads a call from left to right."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def skip(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def call(self, depth: int = 1) -> bool:
        match = _NAME.match(self.text, self.at)
        if match is None or match.group() not in FUNCTIONS or depth > MOST_NESTED:
            return False
        least, most = FUNCTIONS[match.group()]
        self.at = match.end()
        self.skip()
        if self.text[self.at : self.at + 1] != "(":
            return False
        self.at += 1
        count = 0
        self.skip()
        while self.text[self.at : self.at + 1] != ")":
            if count:
                if self.text[self.at : self.at + 1] != ",":
                    return False
                self.at += 1
                self.skip()
            if not self.argument(depth):
                return False
            count += 1
            self.skip()
            if self.at >= len(self.text):
                return False
        self.at += 1
        return least <= count and (most is None or count <= most)

    def argument(self, depth: int) -> bool:
        if self.text.startswith("States.", self.at):
            return self.call(depth + 1)
        if match := _LITERAL.match(self.text, self.at):
            self.at = match.end()
            return True
        if self.text.startswith("$", self.at):
            start, nested, quote = self.at, 0, ""
            while self.at < len(self.text):
                sign = self.text[self.at]
                if quote:
                    quote = "" if sign == quote else quote
                elif sign in "'\"" and nested:
                    quote = sign
                elif sign in "[(":
                    nested += 1
                elif sign in ")]" and nested:
                    nested -= 1
                elif sign in ",)":
                    break
                self.at += 1
            return is_path(self.text[start : self.at].strip())
        return False


def is_path(text: str) -> bool:
    """Whether a text is a JSONPath, a path of the context object ($$.) or of a variable ($name).

    Raises:
        json_path.FilterInPath.
    """
    if text.startswith("$$"):
        text = text[1:]
    elif match := _VARIABLE.match(text):
        text = "$" + text[match.end() :]
    try:
        json_path.parse(text)
    except json_path.PathError:
        return False
    return True


def is_reference(text: str) -> bool:
    """Whether a text is a path that names one place of the input."""
    if not is_path(text) or text.startswith("$$") or _VARIABLE.match(text):
        return False
    return json_path.parse(text).places is not None


def is_call(text: str) -> bool:
    """Whether a text is a call of an intrinsic function."""
    reader = _Reader(text.strip())
    return reader.call() and reader.at == len(reader.text)
