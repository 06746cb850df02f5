"""SQS's errors, in the words of AWS. Source of the codes: Amazon SQS API reference, "Common Errors" and each action."""

from __future__ import annotations


class SqsError(Exception):
    """An error that a client of SQS gets.

    Args:
        code: as the query protocol has it; the front desk finds JSON's name for it in the model.
    """

    def __init__(self, code: str, message: str) -> None:
        self.code, self.message = code, message
        super().__init__(message)


def invalid_parameter(message: str) -> SqsError:
    """The error of a request with a value that SQS doesn't take."""
    return SqsError("InvalidParameterValue", message)


def invalid_value(value: object, name: str, reason: str) -> SqsError:
    """The same for one value, with the reason."""
    return invalid_parameter(f"Value {value} for parameter {name} is invalid. Reason: {reason}")


def missing_parameter(name: str) -> SqsError:
    """The error of a request without a parameter that it needs."""
    return SqsError("MissingParameter", f"The request must contain the parameter {name}.")


def unknown_attribute(name: str) -> SqsError:
    """The error of an attribute that queues or messages don't have."""
    return SqsError("InvalidAttributeName", f"Unknown Attribute {name}.")


def invalid_attribute(name: str, reason: str = "") -> SqsError:
    """The error of a value that an attribute of a queue can't have."""
    words = f"Invalid value for the parameter {name}."
    return SqsError("InvalidAttributeValue", f"{words} Reason: {reason}" if reason else words)


def invalid_receipt(receipt_handle: str) -> SqsError:
    """The error of a text that isn't a receipt of the queue."""
    words = f'The input receipt handle "{receipt_handle}" is not a valid receipt handle.'
    return SqsError("ReceiptHandleIsInvalid", words)


def no_queue() -> SqsError:
    """The error of a queue that doesn't exist."""
    return SqsError("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")


def not_found(message: str) -> SqsError:
    """The error of a redrive whose queue or task doesn't exist."""
    return SqsError("ResourceNotFoundException", message)
