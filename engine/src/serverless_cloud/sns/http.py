"""SNS to HTTP endpoints, on this machine only: the request, and when it is tried again. No moto.

Rules: Amazon SNS Developer Guide, "Fanout to HTTP/S endpoints", "HTTP/S headers", "Message delivery retries" and
"Creating an HTTP/S delivery policy".
"""

from __future__ import annotations

import contextlib
import http.client
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from serverless_cloud.guard import is_this_machine
from serverless_cloud.outbox import TryAgain, Undeliverable

TIMEOUT_S = 15.0  # "If the endpoint doesn't respond in 15 seconds, SNS considers it a failure"
DEFAULT_TYPE = "text/plain; charset=UTF-8"
#: AWS's own: three retries, 20 seconds apart.
DEFAULT_RETRIES: dict[str, Any] = {"numRetries": 3, "minDelayTarget": 20, "maxDelayTarget": 20}


def post(url: str, body: str, headers: Mapping[str, str]) -> None:
    """Makes one request. Redirects are not followed, and no proxy is used.

    Raises:
        Undeliverable: the endpoint answered 3xx or 4xx, 429 excepted.
        TryAgain: there was no answer within 15 seconds, or another one than 2xx.
    """
    address = urlsplit(url)
    if not is_this_machine(address.hostname or ""):
        raise Undeliverable(f"{url} is not on this machine")
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    path = (address.path or "/") + (f"?{address.query}" if address.query else "")
    with contextlib.closing(kind(address.hostname or "", address.port, timeout=TIMEOUT_S)) as connection:
        try:
            connection.request("POST", path, body.encode(), dict(headers))
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            raise TryAgain(f"{url} did not answer: {error}") from error
    if 300 <= status < 500 and status != 429:
        raise Undeliverable(f"{url} answered {status}")
    if not 200 <= status < 300:
        raise TryAgain(f"{url} answered {status}")


def headers(
    kind: str, message_id: str, topic_arn: str, subscription_arn: str, policy: Mapping[str, Any]
) -> dict[str, str]:
    """The headers of a request.

    Args:
        kind: "Notification" or "SubscriptionConfirmation".
        message_id, topic_arn: of the message.
        subscription_arn: "" for a subscription that is not confirmed yet.
        policy: the DeliveryPolicy; its requestPolicy may name another Content-Type.
    """
    found = {
        "x-amz-sns-message-type": kind,
        "x-amz-sns-message-id": message_id,
        "x-amz-sns-topic-arn": topic_arn,
        "Content-Type": str((policy.get("requestPolicy") or {}).get("headerContentType") or DEFAULT_TYPE),
        "User-Agent": "Amazon Simple Notification Service Agent",
    }
    return found | ({"x-amz-sns-subscription-arn": subscription_arn} if subscription_arn else {})


def waits_s(policy: Mapping[str, Any], time_scale: float) -> list[float]:
    """How long SNS waits before each further try, in seconds.

    Args:
        policy: the DeliveryPolicy. Waits that it sets keep their seconds; AWS's own are divided.
        time_scale: of the local cloud.
    """
    given = policy.get("healthyRetryPolicy")
    settings = DEFAULT_RETRIES | {name: value for name, value in (given or {}).items() if value is not None}
    least, most = float(settings["minDelayTarget"]), float(settings["maxDelayTarget"])
    at_once = int(settings.get("numNoDelayRetries") or 0)
    before, after = int(settings.get("numMinDelayRetries") or 0), int(settings.get("numMaxDelayRetries") or 0)
    between = max(0, int(settings["numRetries"]) - at_once - before - after)
    waits = [0.0] * at_once + [least] * before
    waits += [
        least + (most - least) * _share(str(settings.get("backoffFunction")).lower(), n, between)
        for n in range(between)
    ]
    waits += [most] * after
    return waits if given else [wait / time_scale for wait in waits]


def _share(function: str, number: int, count: int) -> float:
    """How far a backoff has come, 0 to 1."""
    if count < 2:
        return 0.0
    part = number / (count - 1)
    return {"arithmetic": part**2, "geometric": part**3, "exponential": (2 ** (10 * part) - 1) / 1023}.get(
        function, part
    )
