"""What goes wrong in the local cloud, each with what to do."""

from __future__ import annotations

import os

#: The variable that keeps what `advise` was given, for the processes of the local cloud.
ADVICE = "SERVERLESS_FIRST_ADVICE"


def advise(words: dict[str, str]) -> None:
    """Sets what errors say to do, for a product around the local cloud with its own commands.

    Args:
        words: for each of "start", "files", "package", "cloud", "real AWS", "cleanup" and "shared" a text on one line,
            which takes the place of the second argument of `advice`.
    """
    os.environ[ADVICE] = "\n".join(f"{about}={text}" for about, text in words.items())


def advice(about: str, text: str) -> str:
    """What an error says to do: what `advise` was given, or else the text.

    Args:
        about: a key of the words.
        text: what fits the local cloud alone.
    """
    return dict(line.split("=", 1) for line in os.environ.get(ADVICE, "").splitlines()).get(about, text)


class CloudError(RuntimeError):
    """The local cloud could not do what was asked."""


class CloudDidNotStart(CloudError):
    """The server process ended or stayed silent; the message holds its last lines."""


class CloudNotRunning(CloudError):
    """The local cloud was stopped, or its process has ended."""


class NotNow(CloudError):
    """The function cannot run now. Who tries again later may succeed: Lambda's own pollers and its queue do."""


class TooManyRequests(NotNow):
    """No environment may be started now: a concurrency limit is reached."""

    def __init__(self, reason: str) -> None:
        super().__init__("Rate Exceeded.")
        self.reason = reason


class NoAddressLeft(NotNow):
    """No environment may be started now: no subnet of the function has a free address. The text is AWS's."""

    def __init__(self) -> None:
        super().__init__(
            "Lambda was not able to set up VPC access for the Lambda function because one or more configured subnets "
            "has no available IP addresses."
        )


class FunctionNotActive(NotNow):
    """A function is not invoked in the state that it is in. The text is AWS's."""

    def __init__(self, state: str) -> None:
        super().__init__(
            f"The operation cannot be performed at this time. The function is currently in the following state: {state}"
        )


class AccessDenied(CloudError):
    """Permissions are enforced, and this one is missing; the text is AWS's."""
