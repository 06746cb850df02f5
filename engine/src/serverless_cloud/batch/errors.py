"""How the local cloud says no to a request of Batch."""

from __future__ import annotations

from serverless_cloud.core.refusals import Refusal


class ClientException(Refusal):
    """The request is wrong; the text is AWS's, or ours where AWS's is not known."""

    def __init__(self, message: str) -> None:
        super().__init__("ClientException", message)


class CannotStart(Exception):
    """An attempt of a job cannot start.

    Args:
        text: why, as ECS says it.
        is_of_task: whether the task fails before there is a container: then the text is its statusReason.
    """

    def __init__(self, text: str, *, is_of_task: bool = False) -> None:
        super().__init__(text)
        self.is_of_task = is_of_task
