"""Errors of JSON in SNS's answers, in the words of the parser that AWS uses, with their place. No moto, no I/O."""

from __future__ import annotations

import json

from serverless_cloud import jackson


def words_of(error: json.JSONDecodeError) -> str:
    """The words for an error: "Unrecognized token 'lamp': was expecting ... at [Source: ...; line: 1, column: 5]"."""
    found = jackson.reason(error)
    return str(error) if found is None else jackson.with_place(found[0], error.doc, found[1] + 1)
