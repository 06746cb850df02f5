"""The caller of an operation, and the error that a caller gets. The front desk and the providers share them."""

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


class ServiceError(Exception):
    """A service's refusal of a call.

    Args:
        code: as the service's first protocol has it. The front desk finds the name for JSON in the model.
    """

    def __init__(self, code: str, message: str) -> None:
        self.code, self.message = code, message
        super().__init__(message)
