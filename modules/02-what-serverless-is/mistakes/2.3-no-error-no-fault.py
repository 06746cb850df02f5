#: breaks: same-line
#: expects: No error warned you
#: because: The import is repaired and the function answers, so it seems right.
%%writefile invoice.py
from collections.abc import Mapping
from enum import Enum


class Status(str, Enum):
    PAID = "paid"
    OPEN = "open"


def handler(event, context):
    if not isinstance(event, Mapping):
        raise ValueError("an invoice is a mapping")
    status = Status.PAID if event["paid_yen"] >= event["total_yen"] else Status.OPEN
    return {"line": f"{event['order']}: {event['total_yen']} yen, {status}"}
