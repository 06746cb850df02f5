"""Runs a file's tests twice: with forked environments, and with a new program for each, as on macOS and Windows."""

from __future__ import annotations

import sys

import pytest

_WAYS = {"forked": "on", "new-program": "off"} if sys.platform == "linux" else {"new-program": "off"}

#: As `pytestmark` of a file whose tests use the fixture `aws` or `kit`.
IN_BOTH_WAYS = pytest.mark.parametrize(
    "cloud_of_module", list(_WAYS.values()), ids=list(_WAYS), indirect=True, scope="module"
)
