"""Seam: how moto finds the service of a request (moto 5.2.5).

Replaced here: `moto.backends.list_of_moto_modules`. moto looks through its own folder twice for each request: a third
of what a request costs. Worth an upstream change.
"""

from __future__ import annotations

from moto import backends


def install() -> None:
    """Looks once."""
    found = frozenset(backends.list_of_moto_modules())
    backends.list_of_moto_modules = lambda: found
