"""The process of one proxy: `python -m serverless_cloud.rds_proxy`, steered by lines of JSON.

In, first:      {"settings": {...}}                                      see settings.Settings
Out, first:     {"ready": {"port": 5444}}
In, later:      {"id": 1, "call": "configure", "settings": {...}}, {"id": 2, "call": "metrics"},
                {"id": 3, "call": "events", "after": 0}
Out, later:     {"id": 1, "answer": {...}} or {"id": 1, "error": "text"};
                unasked {"log": {"time_s": ..., "level": "WARN", "message": "..."}}

The end of its standard input ends it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
import threading
import time
from functools import partial
from typing import Any

from serverless_cloud.rds_proxy.certificate import server_context
from serverless_cloud.rds_proxy.proxy import Proxy
from serverless_cloud.rds_proxy.settings import Settings


def _say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _log(level: str, text: str) -> None:
    _say({"log": {"time_s": time.time(), "level": level, "message": text}})


def report(proxy: Proxy, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Logs a bug of the proxy, since asyncio closes the connection that met it without a word."""
    error = context.get("exception")
    if error is not None and not isinstance(error, OSError):  # a client that vanishes isn't a bug
        proxy.met_a_bug(context.get("protocol"), f"{type(error).__name__}: {error}")


def answer(proxy: Proxy, request: dict[str, Any]) -> dict[str, Any]:
    """The answer to one request.

    Raises:
        ValueError: there is no such call.
        TypeError: a setting is unknown.
    """
    call = request.get("call")
    if call == "configure":
        proxy.configure(Settings.from_json(request["settings"]))
        return {}
    if call == "metrics":
        target = "AVAILABLE" if proxy.is_available or proxy.settings.target is not None else "UNAVAILABLE"
        return {"minutes": proxy.metrics.minutes(), "now": proxy.metrics.now, "target": target}
    if call == "events":
        return {"events": proxy.events.after(int(request.get("after", 0)))}
    if call == "counts":
        return proxy.counts()
    raise ValueError(f"There is no call {call}. The calls are configure, metrics, events and counts.")


def _obey(proxy: Proxy, line: str) -> None:
    request = json.loads(line)
    try:
        _say({"id": request["id"], "answer": answer(proxy, request)})
    except (ValueError, TypeError, KeyError) as error:
        _say({"id": request["id"], "error": f"{type(error).__name__}: {error}"})


async def _serve(settings: Settings) -> None:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    proxy = Proxy(settings, log=_log, tls=server_context())
    loop.set_exception_handler(partial(report, proxy))
    _say({"ready": {"port": await proxy.listen()}})

    def read() -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(_obey, proxy, line)
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=read, daemon=True).start()
    await ended.wait()


def main() -> None:
    """Reads the settings and serves until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # interrupting the notebook must not end its proxies
    # A client that vanishes isn't an error, but asyncio would write a line for each. `report` logs what is one.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    work = _serve(Settings.from_json(json.loads(sys.stdin.readline())["settings"]))
    try:
        import uvloop  # a third faster; there is none for Windows
    except ImportError:
        asyncio.run(work)
    else:
        uvloop.run(work)
    os._exit(0)  # the thread that reads is not waited for


if __name__ == "__main__":
    main()
