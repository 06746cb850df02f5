"""How the local cloud says no to a request of Batch."""

from __future__ import annotations


class Refused(Exception):
    """ClientException: the request is wrong; the text is AWS's, or ours where AWS's is not known."""


class NotHonoured(Exception):
    """The local cloud would keep a setting and not act on it; the text names it."""
