"""A payment provider for labs, which plays a company that Hikari calls over HTTP, on this machine.

    with PaymentProvider() as provider:
        provider.url         # http://127.0.0.1:40123
        provider.behaviour = "hangs"

The provider takes charges (`POST /charges`) and reports a payment's status (`GET /payments/ID`). You can make it reply
late or not at all. A lab needs a provider that the learner can watch, and its check needs a provider that misbehaves on
purpose.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

#: How the provider replies: correctly; late, but in time; not at all; with only the start of a response.
Behaviour = Literal["well", "late", "hangs", "hangs halfway"]

#: How long a late reply takes: the 0.5 s that the provider promises, plus the time on the network.
LATE_S = 0.6
_HANGS_S = 30.0
#: When a reply begins. A reply that hangs halfway takes longer than a client waits for its next piece.
_BEGINS_AFTER_S: dict[Behaviour, float] = {"late": LATE_S, "hangs halfway": 0.2}


class PaymentProvider:
    """A provider that listens on a port of 127.0.0.1. As a context manager, it closes itself.

    Args:
        statuses: the id of a payment -> its status, "paid" or "refused". All other payments are "paid".

    Attributes:
        url: the provider's address.
        behaviour: how the provider replies from now on.
        keys: the API key of each request, in order of arrival; "" for a request without a key.
    """

    def __init__(self, statuses: Mapping[str, str] | None = None) -> None:
        self.behaviour: Behaviour = "well"
        self.keys: list[str] = []
        self.statuses = dict(statuses or {})
        self._closing = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Exchange)
        self._server.provider = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self) -> PaymentProvider:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stops the provider and releases requests that hang. After that, nothing listens at its address."""
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    def answer(self, sent: Mapping[str, Any] | None, path: str) -> dict[str, Any]:
        """The content of a reply.

        Args:
            sent: the body of a POST; None for a GET.
            path: the path of the request.
        """
        if sent is not None:
            return {"charged_yen": sent.get("yen"), "order": sent.get("order")}
        payment = path.rsplit("/", 1)[-1]
        return {"payment": payment, "status": self.statuses.get(payment, "paid")}

    def hang(self) -> None:
        """Waits for a long time, or until the provider is closed."""
        self._closing.wait(_HANGS_S)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    provider: PaymentProvider

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Prints no traceback, because the client may have given up."""


class _Exchange(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            self._answer(json.loads(sent))
        except ValueError:
            self.send_error(400)

    def do_GET(self) -> None:
        self._answer(None)

    def _answer(self, sent: Any) -> None:
        provider = self.server.provider
        provider.keys.append(self.headers.get("Authorization", "").removeprefix("Bearer "))
        behaviour = provider.behaviour
        if behaviour == "hangs":
            provider.hang()
            return
        if behaviour in _BEGINS_AFTER_S:
            time.sleep(_BEGINS_AFTER_S[behaviour])
        body = json.dumps(provider.answer(sent, self.path)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if behaviour == "hangs halfway":
            self.wfile.write(body[:1])
            self.wfile.flush()
            provider.hang()
            return
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Prints nothing, because the text would appear in the middle of a notebook."""
