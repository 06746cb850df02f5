"""The program that runs inside an execution environment: AWS's own runtime, started as Lambda starts it.

`python bootstrap.py HANDLER SERVER_PID` ties its life to the server's, arms the guard, and hands over to
`awslambdaric`, AWS's Python runtime. Where awslambdaric's native client is missing (macOS, Windows), our own small
client speaks the Runtime API instead; everything above it stays AWS's code.

`python bootstrap.py --template SERVER_PID` (Linux) is the process that environments are forked from. It has loaded
AWS's runtime and the guard, opens nothing, starts no thread, and forks once for each request on the Unix socket that
is its standard input:

    in   {"id": 7, "environ": {...}, "cwd": "...", "handler": "orders.handler"}   with the log's file descriptor
    out  {"ready": true}                         once, when everything is loaded
    out  {"id": 7, "pid": 4711}                  the environment has its own session and is about to load the handler
    out  {"id": 7, "error": "why not"}
    out  {"id": 7, "status": -9}                 it has ended: its exit code, or minus the signal

The template never loads anything of the learner's, neither boto3 nor a layer nor a handler. An environment shares
memory pages with the template until one of them writes to a page, and it shares the seed of `hash()`. It has its own
value of every other random seed.

Imports are few and late on purpose: without a template they are part of every cold start.
"""

from __future__ import annotations

import os
import sys
from typing import Any

API_VERSION = "2018-06-01"
LARGEST_REQUEST = 128 * 1024  # bytes; Lambda allows 4 KB of environment variables
# What AWS's runtime imports, except three modules that read an environment's variables as they are imported:
# awslambdaric.bootstrap, awslambdaric.lambda_runtime_client and the native client.
PRELOADED = (
    *("ctypes", "json", "logging", "traceback", "decimal", "simplejson", "serverless_cloud.guard"),
    *("awslambdaric", "awslambdaric.lambda_context", "awslambdaric.lambda_runtime_exception"),
    *("awslambdaric.lambda_runtime_log_utils", "awslambdaric.lambda_runtime_marshaller"),
)


def die_with(server_pid: int) -> None:
    """On Linux: ask the kernel to end this process when the server ends, also when it is frozen."""
    if sys.platform != "linux":
        return
    import ctypes
    import signal

    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
    if os.getppid() != server_pid:  # the server ended before the request reached the kernel
        sys.exit(1)


class PythonRuntimeClient:
    """The Runtime API by http.client, with the three calls that awslambdaric makes on its native client."""

    def __init__(self, address: str) -> None:
        import http.client

        self._connection = http.client.HTTPConnection(address)

    def _call(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Any:
        self._connection.request(method, f"/{API_VERSION}/runtime/{path}", body, headers)
        reply = self._connection.getresponse()
        return reply.read(), reply.headers

    def next(self) -> tuple[bytes, dict[str, str]]:
        """Waits for the next invocation: its event and its headers."""
        body, headers = self._call("GET", "invocation/next")
        return body, dict(headers.items())

    def post_invocation_result(
        self, invoke_id: str, result: bytes, content_type: str, invocation_id: str | None = None
    ) -> None:
        """Hands over what the handler returned."""
        del invocation_id  # only used where an environment serves several events at once
        headers = {"Content-Type": content_type}
        self._call("POST", f"invocation/{invoke_id}/response", result, **headers)

    def post_error(self, invoke_id: str, error: str, xray_fault: str, invocation_id: str | None = None) -> None:
        """Hands over the error the handler raised."""
        del xray_fault, invocation_id
        self._call("POST", f"invocation/{invoke_id}/error", error.encode())


def run(handler: str) -> None:
    """Runs the handler until this process is ended."""
    sys.path[0] = os.environ["LAMBDA_TASK_ROOT"]  # instead of this file's folder, as on Lambda
    if opt := os.environ.pop("SERVERLESS_FIRST_OPT", ""):
        site = f"{opt}/python/lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
        sys.path[1:1] = [site, f"{opt}/python"]
    if os.environ.pop("SERVERLESS_FIRST_GUARD", "on") == "on":
        from serverless_cloud import guard

        guard.arm()
    os.environ.pop("SERVERLESS_FIRST_ADVICE", None)

    from awslambdaric import bootstrap, lambda_runtime_client

    address = os.environ["AWS_LAMBDA_RUNTIME_API"]
    if os.environ.pop("SERVERLESS_FIRST_RUNTIME_CLIENT", "") == "python":
        lambda_runtime_client.runtime_client = None
    if lambda_runtime_client.runtime_client is None:
        lambda_runtime_client.runtime_client = PythonRuntimeClient(address)
    bootstrap.run(handler, lambda_runtime_client.LambdaRuntimeClient(address))


class Template:
    """The process that environments are forked from.

    Args:
        channel: the file descriptor of the socket to the server.
    """

    def __init__(self, channel: int) -> None:
        import gc
        import importlib
        import socket
        from contextlib import suppress

        for name in PRELOADED:
            with suppress(ImportError):  # the native client is missing on some systems
                importlib.import_module(name)
        self._pid = os.getpid()
        self._channel = socket.socket(fileno=channel)
        self._requests: dict[int, tuple[int, int]] = {}  # pidfd -> id of the process, id of the request
        gc.collect()
        gc.freeze()  # a collection in an environment does not write to the pages that it shares

    def serve(self) -> str:
        """Forks for each request until the server has gone. Returns only in a forked process: its handler."""
        import json
        import select
        import socket

        waiting = select.poll()  # SIGCHLD would also wake it for each freeze and thaw
        waiting.register(self._channel, select.POLLIN)
        self._say(ready=True)
        while True:
            ready = {descriptor for descriptor, _ in waiting.poll()}
            for pidfd in ready & self._requests.keys():
                waiting.unregister(pidfd)
                self._report_ended(pidfd)
            if self._channel.fileno() not in ready:
                continue
            data, logs, _, _ = socket.recv_fds(self._channel, LARGEST_REQUEST, 1)
            if not data:
                sys.exit(0)
            request = json.loads(data)
            try:
                pid = os.fork()
            except OSError as error:
                self._say(id=request["id"], error=str(error))
            else:
                if pid == 0:
                    for pidfd in self._requests:
                        os.close(pidfd)
                    return self._become_environment(request, logs[0])
                pidfd = os.pidfd_open(pid)
                self._requests[pidfd] = pid, request["id"]
                waiting.register(pidfd, select.POLLIN)
            os.close(logs[0])

    def _say(self, **message: Any) -> None:
        import json

        self._channel.send(json.dumps(message).encode())

    def _report_ended(self, pidfd: int) -> None:
        pid, request = self._requests.pop(pidfd)
        os.close(pidfd)
        self._say(id=request, status=os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))

    def _become_environment(self, request: dict[str, Any], log: int) -> str:
        """Makes a forked process like a newly started program, and tells the server its number."""
        import time

        os.setsid()
        die_with(self._pid)
        lc_ctype = os.environ.get("LC_CTYPE")  # Python sets it as it starts (PEP 538)
        os.environ.clear()
        os.environ.update(({"LC_CTYPE": lc_ctype} if lc_ctype else {}) | request["environ"])
        time.tzset()
        try:
            os.chdir(request["cwd"])
        except OSError as error:
            self._say(id=request["id"], error=str(error))
            os._exit(1)
        os.dup2(log, 1)
        os.dup2(log, 2)
        self._say(id=request["id"], pid=os.getpid())
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, self._channel.detach())  # 0
        os.close(null)
        os.close(log)
        sys.argv[1:] = [request["handler"], str(self._pid)]
        handler: str = request["handler"]
        return handler


def main(handler: str, parent_pid: int) -> None:
    """The command line of this script, see above."""
    die_with(parent_pid)
    run(Template(0).serve() if handler == "--template" else handler)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
