"""What the tests of the local cloud share with the programs that they start.

Plain boto3: what a learner would write. Programs that a test starts find it through PYTHONPATH.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import socket
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil

import serverless_cloud as cloud

#: How a local cloud starts if nobody says otherwise.
SETTINGS: dict[str, Any] = {
    "time_scale": 1.0,
    "idle_expiry_s": 600.0,
    "enforce_iam": False,
    "network_model": "hyperplane",
}
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

#: A handler that says it is there, then waits until it is let go; with `held`. Without an event it answers at once.
HOLD = (
    WAIT
    + """
def handler(event, context):
    if event:
        open(event["here"], "w").close()
        wait_for(lambda: os.path.exists(event["leave"]))
    return os.getpid()
"""
)


#: The end of a program's source: waits for a line or the end of its input.
WAITS = "try:\n    input()\nexcept EOFError:\n    pass\n"


def environment_processes(server: psutil.Process) -> list[psutil.Process]:
    """The processes of execution environments, forked from the template or started as new programs."""
    ours = [child for child in server.children() if "bootstrap.py" in " ".join(child.cmdline())]
    templates = [process for process in ours if "--template" in process.cmdline()]
    forked = [child for template in templates for child in template.children()]
    return forked + [process for process in ours if process not in templates]


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
    """What Invoke answered: the payload from JSON, the function error or None, the log's tail, the version."""

    payload: Any
    error: str | None
    log: str
    status: int
    version: str


@dataclass(frozen=True)
class Refusal:
    """How a call was refused: the error code, the message, the HTTP status, the whole answer."""

    code: str
    message: str
    status: int
    answer: dict[str, Any]


@dataclass(frozen=True)
class Queue:
    """An SQS queue."""

    url: str
    arn: str


def zip_of(files: Mapping[str, str | bytes]) -> bytes:
    """A deployment package with these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@contextlib.contextmanager
def cloud_with(**changes: Any) -> Iterator[cloud.Cloud]:
    """The local cloud that this process's tests share, with these settings, and empty afterwards."""
    aws = cloud.start(**(SETTINGS | changes))
    yield aws
    if aws.is_running:
        aws.reset()


_clients: dict[Any, Any] = {}  # making one takes longer than most calls


def client(service: str, **settings: Any) -> Any:
    """A client that can wait in many threads at once and does not try again by itself; one for each local cloud."""
    import boto3
    from botocore.config import Config

    key = (service, os.environ.get("AWS_ENDPOINT_URL"), *sorted(settings.items()))
    if key not in _clients:
        config = Config(max_pool_connections=64, retries={"total_max_attempts": 1})
        _clients[key] = boto3.client(service, config=config, **settings)
    return _clients[key]


def make_role(name: str = "hikari-functions", policy: Mapping[str, Any] | None = None) -> str:
    """The ARN of an execution role that Lambda may assume, made unless it is there."""
    iam = client("iam")
    try:
        return str(iam.get_role(RoleName=name)["Role"]["Arn"])
    except iam.exceptions.NoSuchEntityException:
        trust = json.dumps(policy or ASSUMABLE)
        return str(iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"])


def function(name: str, source: str, **settings: Any) -> dict[str, Any]:
    """CreateFunction's arguments for a function from source code, handler `<name>.handler`."""
    given = {
        "FunctionName": name,
        "Runtime": "python3.13",
        "Handler": f"{name}.handler",
        "Role": settings.pop("Role", None) or make_role(),
        "Code": {"ZipFile": zip_of({f"{name}.py": source})},
    }
    return given | settings


def deploy(name: str, source: str, **settings: Any) -> str:
    """Creates the function `name` from source code; its ARN."""
    return str(client("lambda").create_function(**function(name, source, **settings))["FunctionArn"])


def invoke(name: str, event: Any = None, *, through: Any = None, **more: Any) -> Answer:
    """Calls a function and waits for its answer; `through` is a Lambda client to use, `more` is Invoke's."""
    reply = (through or client("lambda")).invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail", **more)
    return Answer(
        payload=json.loads(reply["Payload"].read()),
        error=reply.get("FunctionError"),
        log=base64.b64decode(reply["LogResult"]).decode(),
        status=reply["StatusCode"],
        version=reply["ExecutedVersion"],
    )


def failed(answer: Answer, kind: str, *words: str) -> Answer:
    """The same answer; fails unless it is an error of this type, with each of these words in its message."""
    assert (answer.error, answer.payload["errorType"]) == ("Unhandled", kind), answer
    message = answer.payload["errorMessage"]
    assert [word for word in words if word not in message] == [], message
    return answer


def change_code(name: str, source: str, **more: Any) -> dict[str, Any]:
    """New source code for a function; what UpdateFunctionCode answers."""
    package = zip_of({f"{name}.py": source})
    return dict(client("lambda").update_function_code(FunctionName=name, ZipFile=package, **more))


def publish(name: str) -> str:
    """Publishes a version; its number."""
    return str(client("lambda").publish_version(FunctionName=name)["Version"])


@contextlib.contextmanager
def held(name: str, folder: Path, count: int = 1, **more: Any) -> Iterator[list[Future[Answer]]]:
    """`count` calls of a function with the HOLD handler, each inside it until the end of the block.

    Args:
        folder: a fresh one; made if it is not there.
        more: Invoke's, a Qualifier for instance.
    """
    folder.mkdir(exist_ok=True)
    leave, through = folder / "leave", client("lambda")
    with ThreadPoolExecutor(count) as pool:
        places = [folder / str(number) for number in range(count)]
        events = [{"here": str(place), "leave": str(leave)} for place in places]
        calls = [pool.submit(invoke, name, event, through=through, **more) for event in events]
        try:
            eventually(lambda: all(place.exists() for place in places), f"{count} calls are inside the handler")
            yield calls
        finally:
            leave.touch()


def refused(
    call: Callable[[], Any], code: str = "", *words: str, status: int | None = None, message: str | None = None
) -> Refusal:
    """How a call was refused; fails if it was not, or otherwise than these arguments say.

    Args:
        words: each is a part of the message.
        message: the whole message.
    """
    from botocore.exceptions import ClientError

    try:
        answer = call()
    except ClientError as error:
        given = error.response
        told, status_code = given["Error"], given["ResponseMetadata"]["HTTPStatusCode"]
        refusal = Refusal(told["Code"], told["Message"], status_code, dict(given))
    else:
        raise AssertionError(f"It was not refused; it answered {answer}")
    assert code in ("", refusal.code), refusal
    assert status in (None, refusal.status), refusal
    assert message in (None, refusal.message), refusal
    assert [word for word in words if word not in refusal.message] == [], refusal
    return refusal


def make_table(name: str, key: str = "id", kind: str = "S", **more: Any) -> dict[str, Any]:
    """Makes a DynamoDB table with this partition key; its TableDescription."""
    given = {
        "TableName": name,
        "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": kind}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    return dict(client("dynamodb").create_table(**given, **more)["TableDescription"])


def permit(function: str, service: str, **more: Any) -> None:
    """Lets a service, "sns" for instance, call a function; `more` is AddPermission's."""
    given = {"StatementId": service, "Action": "lambda:InvokeFunction", "Principal": f"{service}.amazonaws.com"}
    client("lambda").add_permission(FunctionName=function, **(given | more))


def datapoints(namespace: str, metric: str, *statistics: str, period_s: int = 60, **dimensions: str) -> list[Any]:
    """What CloudWatch has of a metric, from 30 minutes ago until a minute from now."""
    now = datetime.now(UTC)
    return list(
        client("cloudwatch").get_metric_statistics(
            Namespace=namespace,
            MetricName=metric,
            Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
            StartTime=now - timedelta(minutes=30),
            EndTime=now + timedelta(minutes=1),
            Period=period_s,
            Statistics=statistics,
        )["Datapoints"]
    )


def make_queue(name: str, **attributes: str) -> Queue:
    """Makes an SQS queue."""
    sqs = client("sqs")
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return Queue(url, arn)


def received(queue: Queue, count: int = 1) -> list[dict[str, Any]]:
    """The next `count` messages of a queue, waited for; they are taken out of it."""
    sqs = client("sqs")
    found: list[dict[str, Any]] = []

    def look() -> bool:
        answer = sqs.receive_message(QueueUrl=queue.url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
        for message in answer.get("Messages", []):
            sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"])
            found.append(message)
        return len(found) >= count

    eventually(look, f"{count} messages in {queue.arn}")
    assert len(found) == count, found
    return found


def records(queue: Queue, count: int = 1) -> list[Any]:
    """The bodies of the next `count` messages of a queue, from JSON."""
    return [json.loads(message["Body"]) for message in received(queue, count)]


def raw(endpoint_url: str, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, Any]:
    """A request without boto3, which refuses some mistakes itself: the HTTP status and the answer from JSON."""
    import http.client
    from urllib.parse import urlsplit

    address = urlsplit(endpoint_url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=LIMIT_S)
    scope = "Credential=local/20201119/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=none"
    given = {"Content-Type": "application/json", "Authorization": f"AWS4-HMAC-SHA256 {scope}"}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    with contextlib.closing(connection):
        connection.request(method, path, body, given)
        answer = connection.getresponse()
        text = answer.read()
    try:
        return answer.status, json.loads(text)
    except ValueError:
        return answer.status, text.decode(errors="replace")


def invoke_at_once(name: str, events: list[Any]) -> list[Answer]:
    """All these calls, each in a thread of its own."""
    through = client("lambda")
    with ThreadPoolExecutor(len(events)) as pool:
        return list(pool.map(lambda event: invoke(name, event, through=through), events))


def eventually(condition: Callable[[], Any], what: str, limit_s: float = LIMIT_S) -> Any:
    """The first true value of `condition()`; fails if there is none for `limit_s` seconds."""
    end_s = time.monotonic() + limit_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end_s:
            raise AssertionError(f"After {limit_s:.0f} seconds still not: {what}")
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


def serve(answer: Callable[[Any, bytes], tuple[int, dict[str, str], bytes]]) -> ThreadingHTTPServer:
    """Starts an HTTP server on this machine, in a thread.

    Args:
        answer: gets a request (`command`, `path`, `headers`) and its body; returns status, headers and body.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = answer(self, self.rfile.read(int(self.headers.get("Content-Length") or 0)))
            self.send_response(status)
            for name, value in (headers | {"Content-Length": str(len(body))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def stub_of_sts(name: str = "127.0.0.1") -> str:
    """The URL of a listener on this machine that answers as another account's STS.

    Args:
        name: a host name that leads to it from now on, in this process.
    """
    body = (
        b'<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
        b"<GetCallerIdentityResult><Account>999999999999</Account></GetCallerIdentityResult>"
        b"</GetCallerIdentityResponse>"
    )
    server = serve(lambda *_: (200, {}, body))
    look_up = socket.getaddrinfo

    def look_up_here(host: Any, *args: Any, **more: Any) -> Any:
        return look_up("127.0.0.1" if host == name else host, *args, **more)

    socket.getaddrinfo = look_up_here
    return f"http://{name}:{server.server_port}"
