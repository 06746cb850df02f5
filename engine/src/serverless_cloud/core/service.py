"""What the front desk tells a service's provider about a call, beside its parameters."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Caller:
    """Where a call is made, and by what address.

    Args:
        account_id, region: whose resources it is about.
        host_url: of the local cloud, as the client wrote it: "http://127.0.0.1:4566".
        trace: the header X-Amzn-Trace-Id; empty without one.
    """

    account_id: str
    region: str
    host_url: str
    trace: str = ""
