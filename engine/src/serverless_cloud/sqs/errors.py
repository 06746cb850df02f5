"""SQS's errors, in the words of AWS. Source of the codes: Amazon SQS API reference, "Common Errors" and each action."""

from __future__ import annotations

from serverless_cloud.core.service import ServiceError


def invalid_parameter(message: str) -> ServiceError:
    """The error of a request with a value that SQS doesn't take."""
    return ServiceError("InvalidParameterValue", message)


def invalid_value(value: object, name: str, reason: str) -> ServiceError:
    """The same for one value, with the reason."""
    return invalid_parameter(f"Value {value} for parameter {name} is invalid. Reason: {reason}")


def missing_parameter(name: str) -> ServiceError:
    """The error of a request without a parameter that it needs."""
    return ServiceError("MissingParameter", f"The request must contain the parameter {name}.")


def invalid_name(message: str) -> ServiceError:
    """The error of attributes that can't be there."""
    return ServiceError("InvalidAttributeName", message)


def unknown_attribute(name: str) -> ServiceError:
    """The error of an attribute that queues or messages don't have."""
    return invalid_name(f"Unknown Attribute {name}.")


def invalid_attribute(name: str, reason: str = "") -> ServiceError:
    """The error of a value that an attribute of a queue can't have."""
    reason = f" Reason: {reason}" if reason else ""
    return ServiceError("InvalidAttributeValue", f"Invalid value for the parameter {name}.{reason}")


def no_queue() -> ServiceError:
    """The error of a queue that doesn't exist."""
    return ServiceError("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")
