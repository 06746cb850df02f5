"""What goes wrong in the local cloud, each with what to do."""

from __future__ import annotations


class CloudError(RuntimeError):
    """The local cloud could not do what was asked."""


class CloudDidNotStart(CloudError):
    """The server process ended or stayed silent; the message holds its last lines."""


class CloudNotRunning(CloudError):
    """The local cloud was stopped, or its process has ended."""


class TooManyRequests(CloudError):
    """No environment may be started now: a concurrency limit is reached."""

    def __init__(self, reason: str) -> None:
        super().__init__("Rate Exceeded.")
        self.reason = reason


class NoAddressLeft(TooManyRequests):
    """No environment may be started now: no subnet of the function has a free address. Who tries again tries again."""

    def __init__(self) -> None:
        super().__init__("SubnetIPAddressLimitReached")


class FunctionNotActive(TooManyRequests):
    """The function cannot be invoked in the state that it is in. Who tries again tries again: it may become active."""

    def __init__(self, state: str) -> None:
        super().__init__("FunctionNotActive")
        self.state = state


class AccessDenied(CloudError):
    """Permissions are enforced, and this one is missing; the text is AWS's."""
