"""Who may do what: the rights of execution roles and the resource policies of functions (`enforce_iam`)."""

from __future__ import annotations

from typing import Any

from serverless_first.cloud.lambda_.calling import Caller


class Permissions:
    """Asked by every part of the data plane before it acts for somebody. Without `enforced` all is allowed.

    Args:
        enforced: whether a missing permission is an error.
    """

    def __init__(self, enforced: bool = False) -> None:
        self.enforced = enforced

    def require(self, role_arn: str | None, action: str, resource: str) -> None:
        """Raises unless the policies of a role allow an action.

        Args:
            role_arn: the role that the service acts in: the execution role of a mapping's function, the role of a
                rule's target or of an API's integration.
            action: "sqs:ReceiveMessage".
            resource: the ARN that it acts on.

        Raises:
            AccessDenied: with AWS's words.
        """

    def require_invoke(self, function: Any, qualifier: str | None, caller: Caller) -> None:
        """Raises unless the resource policy of a function (of its version or alias) lets a service call it.

        Args:
            function: moto's function.
            qualifier: the version or alias that is called; None for the function without one.

        Raises:
            AccessDenied: with AWS's words.
        """
