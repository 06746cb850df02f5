"""The program that runs inside an execution environment: AWS's own runtime, started as Lambda starts it.

Run as a script: `python bootstrap.py HANDLER SERVER_PID`. It ties its life to the server's, arms the guard, and
hands over to `awslambdaric`, AWS's Python runtime. Where awslambdaric's native client is missing (macOS, Windows), a
small client of our own speaks the Runtime API instead; everything above it stays AWS's code.

Imports are few and late on purpose: they are part of every cold start.
"""

from __future__ import annotations

import os
import sys
from typing import Any

API_VERSION = "2018-06-01"


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


def main(handler: str, server_pid: int) -> None:
    """Runs the handler until this process is ended."""
    die_with(server_pid)
    sys.path[0] = os.environ["LAMBDA_TASK_ROOT"]  # in place of this file's folder, as on Lambda
    if opt := os.environ.pop("SERVERLESS_FIRST_OPT", ""):
        site = f"{opt}/python/lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
        sys.path[1:1] = [site, f"{opt}/python"]
    if os.environ.pop("SERVERLESS_FIRST_GUARD", "on") == "on":
        from serverless_first import guard

        guard.arm(tuple(filter(None, os.environ.pop("SERVERLESS_FIRST_ALLOWED_HOSTS", "").split(","))))

    from awslambdaric import bootstrap, lambda_runtime_client

    address = os.environ["AWS_LAMBDA_RUNTIME_API"]
    if os.environ.pop("SERVERLESS_FIRST_RUNTIME_CLIENT", "") == "python":
        lambda_runtime_client.runtime_client = None
    if lambda_runtime_client.runtime_client is None:
        lambda_runtime_client.runtime_client = PythonRuntimeClient(address)
    bootstrap.run(handler, lambda_runtime_client.LambdaRuntimeClient(address))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
