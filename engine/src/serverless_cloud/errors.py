"""The errors of the local cloud. Each message says what to do."""

from __future__ import annotations

import os

#: The environment variable that hands the texts of `advise` to the processes of the local cloud.
ADVICE = "SERVERLESS_FIRST_ADVICE"


def advise(words: dict[str, str]) -> None:
    """Sets the advice in error messages, for a product that wraps the local cloud and has its own commands.

    Args:
        words: for each of "start", "files", "package", "cloud", "real AWS", "cleanup" and "shared", a text on one line
            that replaces the second argument of `advice`.
    """
    os.environ[ADVICE] = "\n".join(f"{about}={text}" for about, text in words.items())


def advice(about: str, text: str) -> str:
    """The advice for an error message: the text that `advise` was given, or else `text`.

    Args:
        about: a key of the words.
        text: advice for people who run only the local cloud.
    """
    return dict(line.split("=", 1) for line in os.environ.get(ADVICE, "").splitlines()).get(about, text)


class CloudError(RuntimeError):
    """The local cloud could not do what was asked."""


class CloudDidNotStart(CloudError):
    """The server process ended or stayed silent; the message holds its last lines."""


class CloudNotRunning(CloudError):
    """The local cloud was stopped, or its process has ended."""


class NotNow(CloudError):
    """The function cannot run now. A later attempt may succeed, so Lambda's own pollers and its queue try again."""


class TooManyRequests(NotNow):
    """No environment may start now because a concurrency limit is reached."""

    def __init__(self, reason: str) -> None:
        super().__init__("Rate Exceeded.")
        self.reason = reason


class NoAddressLeft(NotNow):
    """No environment may start now because no subnet of the function has a free address. The text is AWS's."""

    def __init__(self) -> None:
        super().__init__(
            "Lambda was not able to set up VPC access for the Lambda function because one or more configured subnets "
            "has no available IP addresses."
        )


class FunctionNotActive(NotNow):
    """The function cannot be invoked in its current state. The text is AWS's."""

    def __init__(self, state: str) -> None:
        super().__init__(
            f"The operation cannot be performed at this time. The function is currently in the following state: {state}"
        )


class AccessDenied(CloudError):
    """Permissions are enforced, and a permission is missing. The text is AWS's."""
