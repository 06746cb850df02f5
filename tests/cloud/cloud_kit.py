"""What the tests of the local cloud share with the programs that they start.

Plain boto3: what a learner would write. Programs that a test starts find this file through PYTHONPATH.
"""

from __future__ import annotations

import base64
import io
import json
import sys
import time
import zipfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

LIMIT_S = 20.0
ASSUMABLE = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}

#: For a handler: waits in the handler until `ready()`, without a fixed time.
WAIT = """
import os, time
def wait_for(ready):
    while not ready():
        time.sleep(0.005)
"""

#: A handler that says it is there, then waits until `event["of"]` calls are inside it at the same moment.
MEET = (
    WAIT
    + """
def handler(event, context):
    folder = event["folder"]
    open(os.path.join(folder, context.aws_request_id), "w").close()
    wait_for(lambda: len(os.listdir(folder)) >= event["of"])
    return os.getpid()
"""
)

#: A handler that reports its process and how often it was called in it.
COUNT = """
import os
count = 0
def handler(event, context):
    global count
    count += 1
    return {"pid": os.getpid(), "parent": os.getppid(), "count": count}
"""


@dataclass(frozen=True)
class Answer:
    """What Invoke answered: the payload from JSON, the function error or None, the log's tail."""

    payload: Any
    error: str | None
    log: str
    status: int


def zip_of(files: Mapping[str, str | bytes]) -> bytes:
    """A deployment package with these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def client(service: str, **settings: Any) -> Any:
    """A client that can wait in many threads at once and does not try again by itself."""
    import boto3
    from botocore.config import Config

    config = Config(max_pool_connections=64, retries={"total_max_attempts": 1})
    return boto3.client(service, config=config, **settings)


def make_role(name: str = "hikari-functions", policy: Mapping[str, Any] | None = None) -> str:
    """The ARN of an execution role that Lambda may assume, made unless it is there."""
    iam = client("iam")
    try:
        return str(iam.get_role(RoleName=name)["Role"]["Arn"])
    except iam.exceptions.NoSuchEntityException:
        trust = json.dumps(policy or ASSUMABLE)
        return str(iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"])


def deploy(name: str, source: str, **settings: Any) -> str:
    """Creates the function `name` from source code, handler `<name>.handler`; its ARN."""
    given = {
        "Runtime": "python3.13",
        "Handler": f"{name}.handler",
        "Role": settings.pop("Role", None) or make_role(),
        "Code": {"ZipFile": zip_of({f"{name}.py": source})},
    }
    return str(client("lambda").create_function(FunctionName=name, **(given | settings))["FunctionArn"])


def invoke(name: str, event: Any = None, *, through: Any = None) -> Answer:
    """Calls a function and waits for its answer; `through` is a Lambda client to use."""
    reply = (through or client("lambda")).invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail")
    return Answer(
        payload=json.loads(reply["Payload"].read()),
        error=reply.get("FunctionError"),
        log=base64.b64decode(reply["LogResult"]).decode(),
        status=reply["StatusCode"],
    )


def invoke_at_once(name: str, events: list[Any]) -> list[Answer]:
    """All these calls, each in a thread of its own."""
    through = client("lambda")
    with ThreadPoolExecutor(len(events)) as pool:
        return list(pool.map(lambda event: invoke(name, event, through=through), events))


def eventually(condition: Callable[[], Any], what: str) -> Any:
    """The first true value of `condition()`; fails if there is none for 20 seconds."""
    end_s = time.monotonic() + LIMIT_S
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end_s:
            raise AssertionError(f"After {LIMIT_S:.0f} seconds still not: {what}")
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    """Whether a process is there and has not ended."""
    import psutil

    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def watch_network() -> list[str]:
    """From now on every look-up and connection that is not to this machine is stopped, and noted in the list.

    Python reports them itself (audit events), so code in C is seen as well.
    """
    noted: list[str] = []

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event in ("socket.getaddrinfo", "socket.gethostbyname"):
            host = args[0].decode() if isinstance(args[0], bytes) else args[0]
        elif event in ("socket.connect", "socket.sendto") and isinstance(args[1], tuple):
            host = args[1][0]
        else:
            return
        if host not in (None, "", "localhost", "127.0.0.1", "::1"):
            noted.append(str(host))
            raise OSError(f"test: stopped on its way to {host}")

    sys.addaudithook(hook)
    return noted


def attempt(call: Callable[[], Any]) -> list[str]:
    """The name and the text of what `call` raises, or ["nothing", its result]."""
    try:
        return ["nothing", str(call())]
    except Exception as error:
        return [type(error).__name__, str(error)]


def say(**values: Any) -> None:
    """Tells the test something: one line of JSON on standard output."""
    print("@" + json.dumps(values), flush=True)


def stub_of_sts(name: str = "127.0.0.1") -> str:
    """The URL of a listener on this machine that answers as another account's STS.

    Args:
        name: a host name that leads to it from now on, in this process.
    """
    import socket
    import threading
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Sts(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            body = (
                b'<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
                b"<GetCallerIdentityResult><Account>999999999999</Account></GetCallerIdentityResult>"
                b"</GetCallerIdentityResponse>"
            )
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Sts)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    look_up = socket.getaddrinfo

    def look_up_here(host: Any, *args: Any, **more: Any) -> Any:
        return look_up("127.0.0.1" if host == name else host, *args, **more)

    socket.getaddrinfo = look_up_here
    return f"http://{name}:{server.server_port}"
