"""SNS's errors, in the words of AWS. Source of the codes: Amazon SNS API reference, "Common Errors" and each action."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from serverless_cloud.core.service import ServiceError

_INVALID = "Invalid parameter: "


def invalid(reason: str) -> ServiceError:
    """The error of a request with a parameter that SNS doesn't take."""
    return ServiceError("InvalidParameter", f"{_INVALID}{reason}")


def invalid_message_attribute(message: str) -> ServiceError:
    """The error of a message attribute that SNS doesn't take."""
    return ServiceError("ParameterValueInvalid", message)


def no_topic() -> ServiceError:
    """The error of a topic that doesn't exist."""
    return ServiceError("NotFound", "Topic does not exist")


def no_subscription() -> ServiceError:
    """The error of a subscription that doesn't exist."""
    return ServiceError("NotFound", "Subscription does not exist")


def no_resource() -> ServiceError:
    """The error of tags on something that doesn't exist."""
    return ServiceError("ResourceNotFound", "Resource does not exist")


@contextlib.contextmanager
def in_attributes() -> Iterator[None]:
    """Adds to the errors inside that Attributes is the wrong parameter, as CreateTopic and Subscribe do."""
    try:
        yield
    except ServiceError as error:
        raise invalid(f"Attributes Reason: {error.message.removeprefix(_INVALID)}") from error
