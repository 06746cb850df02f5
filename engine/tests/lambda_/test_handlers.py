"""Handlers as AWS documents them for Python: context, logging, results, and everything a handler may do wrong."""

from __future__ import annotations

import base64
import json
from typing import Any

import psutil
import pytest

from kits.both_ways import IN_BOTH_WAYS
from serverless_cloud import Cloud

pytestmark = IN_BOTH_WAYS


def answer_of(kit: Any, body: str, event: Any = None, **settings: Any) -> Any:
    """The answer of a function whose handler has this body, indented by four spaces."""
    kit.deploy("price", f"import os, sys\ndef handler(event, context):\n{body}\n", **settings)
    return kit.invoke("price", event)


# ---- context


def test_every_attribute_of_the_context(kit: Any) -> None:
    source = """
import os
NAMES = ("function_name", "function_version", "invoked_function_arn", "memory_limit_in_mb", "aws_request_id",
         "log_group_name", "log_stream_name", "client_context")
def handler(event, context):
    return {**{name: getattr(context, name) for name in NAMES},
            "identity": [context.identity.cognito_identity_id, context.identity.cognito_identity_pool_id],
            "trace": os.environ["_X_AMZN_TRACE_ID"], "stream": os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]}
"""
    arn = kit.deploy("price", source, MemorySize=192)
    reply = kit.client("lambda").invoke(FunctionName="price", LogType="Tail")
    said = json.loads(reply["Payload"].read())
    log = base64.b64decode(reply["LogResult"]).decode()
    assert (said["function_name"], said["function_version"]) == ("price", "$LATEST")
    assert (said["invoked_function_arn"], said["memory_limit_in_mb"]) == (arn, "192")
    assert log.startswith(f"START RequestId: {said['aws_request_id']} ")
    assert said["log_group_name"] == "/aws/lambda/price"
    (stream,) = kit.client("logs").describe_log_streams(logGroupName="/aws/lambda/price")["logStreams"]
    assert said["log_stream_name"] == said["stream"] == stream["logStreamName"]
    assert (said["client_context"], said["identity"]) == (None, [None, None])
    assert said["trace"].startswith("Root=1-")


def test_the_remaining_time_falls_from_the_timeout(kit: Any) -> None:
    body = """
    import time
    first = context.get_remaining_time_in_millis()
    while context.get_remaining_time_in_millis() >= first:
        time.sleep(0.001)
    return [first, context.get_remaining_time_in_millis()]"""
    first, second = answer_of(kit, body, Timeout=7).payload
    assert 7000 >= first > second > 0


def test_each_call_has_a_request_id_and_a_deadline_of_its_own(kit: Any) -> None:
    kit.deploy("price", "def handler(e, c):\n    return [c.aws_request_id, c._epoch_deadline_time_in_ms]\n")
    seen = [kit.invoke("price").payload for _ in range(3)]
    assert len({request_id for request_id, _ in seen}) == 3
    deadlines = [deadline for _, deadline in seen]
    assert deadlines == sorted(deadlines)


def test_the_client_context(kit: Any) -> None:
    body = """
    seen = context.client_context
    return [seen.custom, seen.env, seen.client.app_title, seen.client.installation_id]"""
    kit.deploy("price", f"def handler(event, context):\n{body}\n")
    given = {"custom": {"shop": "Hikari 行灯"}, "env": {"locale": "ja"},
             "client": {"app_title": "lamps", "installation_id": "7"}}  # fmt: skip
    header = base64.b64encode(json.dumps(given).encode()).decode()
    assert kit.invoke("price", ClientContext=header).payload == [
        {"shop": "Hikari 行灯"}, {"locale": "ja"}, "lamps", "7",
    ]  # fmt: skip


# ---- logging


def test_logging_and_printing(kit: Any) -> None:
    source = """
import logging, sys
log = logging.getLogger()
print("at Init")
def handler(event, context):
    log.info("too low")
    log.warning("lamp %s is out", 7)
    log.setLevel("DEBUG")
    log.debug("now it is told")
    print("one", "two", sep="-", end="!\\n")
    print("no line end", end="")
"""
    kit.deploy("price", source)
    answer = kit.invoke("price")
    lines = answer.log.splitlines()
    assert lines[0] == "at Init"
    assert lines[1].startswith("START ")
    assert lines[2].split("\t")[0::3] == ["[WARNING]", "lamp 7 is out"]
    assert lines[3].split("\t")[0::3] == ["[DEBUG]", "now it is told"]
    assert lines[4:6] == ["one-two!", "no line end"]
    assert lines[6].startswith("END ")
    assert "too low" not in answer.log


def test_a_module_that_prints_a_hundred_kilobytes(kit: Any) -> None:
    kit.deploy("price", "for n in range(2000):\n    print(f'{n:04} ' + '灯' * 15)\ndef handler(e, c):\n    return 1\n")
    assert kit.invoke("price").payload == 1
    pages = kit.client("logs").get_paginator("filter_log_events").paginate(logGroupName="/aws/lambda/price")
    lines = [e["message"] for page in pages for e in page["events"]]
    assert [line[:4] for line in lines[:2000]] == [f"{n:04}" for n in range(2000)]


@pytest.mark.parametrize("size", [300_000, 2_000_000])
def test_a_line_that_is_longer_than_one_event_may_be(kit: Any, size: int) -> None:
    answer = answer_of(kit, f"    print('x' * {size})\n    return 1", Timeout=30)
    assert (answer.payload, answer.error) == (1, None)
    assert kit.client("logs").describe_log_streams(logGroupName="/aws/lambda/price")["logStreams"]


# ---- what a handler returns


@pytest.mark.parametrize(
    ("expression", "payload"),
    [
        ("None", None),
        ("'行灯 \\U0001f4a1 \\u2028'", "行灯 💡 \u2028"),
        ("{'電球': [1, 2.5, True, None, {}]}", {"電球": [1, 2.5, True, None, {}]}),
        ("(1, 2)", [1, 2]),
        ("{1: 'one', None: 'none', True: 'true'}", {"1": "true", "null": "none"}),
        ("__import__('decimal').Decimal('12.50')", 12.5),
        ("2 ** 80", 2**80),
        ("__import__('enum').IntEnum('Lamp', 'LED').LED", 1),
        ("event", {"lamp": 1}),
    ],
)
def test_what_json_can_say(kit: Any, expression: str, payload: Any) -> None:
    answer = answer_of(kit, f"    return {expression}", {"lamp": 1})
    assert (answer.error, answer.payload) == (None, payload)


@pytest.mark.parametrize("expression", ["float('nan')", "__import__('decimal').Decimal('NaN')"])
def test_not_a_number_goes_out_as_python_writes_it(kit: Any, expression: str) -> None:
    kit.deploy("price", f"def handler(event, context):\n    return {{'price': {expression}}}\n")
    assert kit.client("lambda").invoke(FunctionName="price")["Payload"].read() == b'{"price": NaN}'


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("{1, 2}", "set"),
        ("__import__('datetime').datetime(2026, 1, 1)", "datetime"),
        ("object()", "object"),
        ("[{'order': {'lamps': {1}}}]", "set"),
        ("(n for n in range(3))", "generator"),
    ],
)
def test_what_json_cannot_say(aws: Cloud, kit: Any, expression: str, kind: str) -> None:
    answer = answer_of(kit, f"    return {expression} if event else 1200", {"lamp": 1})
    assert (answer.error, answer.payload["errorType"]) == ("Unhandled", "Runtime.MarshalError")
    assert (
        answer.payload["errorMessage"] == f"Unable to marshal response: Object of type {kind} is not JSON serializable"
    )
    assert answer.payload["stackTrace"] == []
    assert kit.invoke("price").payload == 1200
    assert [e.invocations for e in aws.environments("price")] == [2]


def test_bytes_go_out_as_they_are(kit: Any) -> None:
    """AWS's runtime does not turn them into JSON."""
    kit.deploy("price", "def handler(event, context):\n    return b'lamp \\xff'\n")
    reply = kit.client("lambda").invoke(FunctionName="price")
    assert "FunctionError" not in reply
    assert reply["Payload"].read() == b"lamp \xff"


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("async def handler(event, context):\n    return 1\n", "coroutine"),
        ("def handler(event, context):\n    yield 1\n", "generator"),
    ],
)
def test_a_coroutine_or_a_generator_is_no_handler(kit: Any, source: str, kind: str) -> None:
    kit.deploy("price", source)
    kit.failed(kit.invoke("price"), "Runtime.MarshalError", f"Object of type {kind} is not JSON serializable")


def test_a_very_deep_result(kit: Any) -> None:
    body = """
    deep = []
    for _ in range(event):
        deep = [deep]
    return deep"""
    kit.deploy("price", f"def handler(event, context):\n{body}\n", Timeout=30)
    answer = kit.invoke("price", 400)
    assert answer.error is None
    assert json.dumps(answer.payload) == "[" * 401 + "]" * 401
    broken = kit.invoke("price", 200_000)
    assert broken.error == "Unhandled"
    assert kit.invoke("price", 1).payload == [[]]


# ---- errors


def test_what_an_exception_becomes(kit: Any) -> None:
    source = """
class OutOfLamps(Exception):
    pass
def check(lamps):
    raise OutOfLamps(f"行灯: only {lamps} left")
def handler(event, context):
    try:
        {}["lamp"]
    except KeyError as error:
        check(2)
"""
    kit.deploy("price", source)
    answer = kit.invoke("price")
    assert answer.error == "Unhandled"
    assert list(answer.payload) == ["errorMessage", "errorType", "requestId", "stackTrace"]
    assert (answer.payload["errorType"], answer.payload["errorMessage"]) == ("OutOfLamps", "行灯: only 2 left")
    assert f"RequestId: {answer.payload['requestId']}" in answer.log
    trace = answer.payload["stackTrace"]
    assert [type(entry) for entry in trace] == [str, str]
    assert "in handler\n    check(2)" in trace[0]
    assert "in check\n    raise OutOfLamps" in trace[1]


@pytest.mark.parametrize("body", ["    raise ValueError", "    raise ValueError('')", "    assert event is not None"])
def test_an_exception_without_words(kit: Any, body: str) -> None:
    answer = answer_of(kit, body)
    assert (answer.error, answer.payload["errorMessage"]) == ("Unhandled", "")
    assert answer.payload["errorType"] in ("ValueError", "AssertionError")


def test_an_exception_that_cannot_be_told(aws: Cloud, kit: Any) -> None:
    source = """
class Dark(Exception):
    def __str__(self):
        raise RuntimeError("no words")
def handler(event, context):
    if event: raise Dark()
    return 1
"""
    kit.deploy("price", source)
    answer = kit.invoke("price", {"fail": True})
    assert answer.error == "Unhandled"
    assert answer.payload["errorType"] == "Runtime.ExitError"  # AWS's runtime itself ends with the RuntimeError
    assert "no words" in answer.log
    assert kit.invoke("price").payload == 1
    assert [e.state for e in aws.environments("price")] == ["ended", "frozen"]


def test_endless_recursion(kit: Any) -> None:
    answer = answer_of(kit, "    return handler(event, context)")
    assert (answer.error, answer.payload["errorType"]) == ("Unhandled", "RecursionError")
    assert "maximum recursion depth exceeded" in answer.payload["errorMessage"]


@pytest.mark.parametrize("body", ["    sys.exit()", "    sys.exit(0)", "    raise SystemExit", "    exit()"])
def test_sys_exit_without_an_error_is_an_error(kit: Any, body: str) -> None:
    answer = kit.failed(answer_of(kit, body), "Runtime.ExitError")
    assert answer.payload["errorMessage"].endswith("Error: Runtime exited without providing a reason")


@pytest.mark.parametrize("signal", [6, 9, 11, 15])
@pytest.mark.skipif(psutil.WINDOWS, reason="Windows has no signals")
def test_a_handler_that_a_signal_ends(aws: Cloud, kit: Any, signal: int) -> None:
    answer = answer_of(kit, f"    os.kill(os.getpid(), {signal})\n    import threading; threading.Event().wait()")
    assert (answer.error, answer.payload["errorType"]) == ("Unhandled", "Runtime.ExitError")
    assert "Runtime exited with error: signal: " in answer.payload["errorMessage"]
    assert [e.state for e in aws.environments("price")] == ["ended"]


@pytest.mark.skipif(psutil.WINDOWS, reason="Windows has no signals")
def test_a_handler_that_stops_itself_times_out(aws: Cloud, kit: Any) -> None:
    answer = answer_of(kit, "    os.kill(os.getpid(), 19)", Timeout=1)
    assert answer.payload["errorType"] == "Sandbox.Timedout"
    assert not any(psutil.pid_exists(e.pid) for e in aws.environments("price"))


# ---- modules, threads, processes, files


@pytest.mark.parametrize("handler", ["shop/price.handler", "shop.price.handler"])
def test_a_handler_in_a_package(kit: Any, handler: str) -> None:
    files = {
        "shop/__init__.py": "NAME = 'Hikari'\n",
        "shop/price.py": "from . import NAME\nfrom shop.tax import RATE\ndef handler(e, c):\n    return [NAME, RATE]\n",
        "shop/tax.py": "RATE = 10\n",
    }
    kit.deploy("price", "", Handler=handler, Code={"ZipFile": kit.zip_of(files)})
    assert kit.invoke("price").payload == ["Hikari", 10]


def test_a_callable_object_and_a_lambda(kit: Any) -> None:
    source = """
class Price:
    def __call__(self, event, context):
        return 1200
handler = Price()
other = lambda event, context: 900
"""
    kit.deploy("price", source)
    assert kit.invoke("price").payload == 1200
    kit.client("lambda").update_function_configuration(FunctionName="price", Handler="price.other")
    assert kit.invoke("price").payload == 900


@pytest.mark.parametrize("source", ["def handler(event):\n    return 1\n", "handler = 7\n"])
def test_a_handler_that_cannot_be_called_so(kit: Any, source: str) -> None:
    kit.deploy("price", source)
    kit.failed(kit.invoke("price"), "TypeError")


@pytest.mark.skipif(not psutil.LINUX, reason="only Linux names the state of a stopped process so")
def test_what_goes_on_after_the_return_is_frozen(kit: Any) -> None:
    source = """
import os, subprocess, sys, threading
def handler(event, context):
    if event is None:
        return None
    child = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    threading.Thread(target=lambda: [None for _ in iter(int, 1)], daemon=True).start()
    return [os.getpid(), child.pid]
"""
    kit.deploy("price", source, Timeout=30)
    processes = [psutil.Process(pid) for pid in kit.invoke("price", 1).payload]
    for process in processes:
        kit.eventually(lambda p=process: p.status() == psutil.STATUS_STOPPED, "it is stopped")
    before = [process.cpu_times() for process in processes]
    kit.deploy("orders", "def handler(e, c):\n    return sum(range(3_000_000))\n", Timeout=30)
    assert kit.invoke("orders").error is None  # time goes by, and the machine computes
    assert [process.cpu_times() for process in processes] == before


def test_a_child_process_that_is_waited_for(kit: Any) -> None:
    body = """
    import subprocess
    return subprocess.run([sys.executable, "-c", "print(6 * 7)"], capture_output=True, text=True).stdout"""
    assert answer_of(kit, body, Timeout=30).payload == "42\n"


def test_what_a_child_prints_is_in_the_log(kit: Any) -> None:
    body = "    import subprocess\n    subprocess.run([sys.executable, '-c', 'print(\"from the child\")'], check=True)"
    assert "from the child" in answer_of(kit, body, Timeout=30).log.splitlines()


def test_workers_of_a_pool_inside_a_handler(kit: Any) -> None:
    body = """
    from concurrent.futures import ThreadPoolExecutor
    with ThreadPoolExecutor(4) as pool:
        return sum(pool.map(lambda n: n * n, range(10)))"""
    assert answer_of(kit, body).payload == 285


def test_standard_input_is_empty(kit: Any) -> None:
    assert answer_of(kit, "    return sys.stdin.read()").payload == ""


def test_a_handler_that_leaves_its_folder_does_not_disturb_the_next_call(kit: Any) -> None:
    kit.deploy("price", "import os\ndef handler(event, context):\n    os.chdir('/')\n    return os.getcwd()\n")
    assert [kit.invoke("price").payload for _ in range(2)] == ["/", "/"]


@pytest.mark.parametrize("kind", ["Event", "RequestResponse"])
def test_a_function_that_calls_itself_is_stopped(kit: Any, kind: str) -> None:
    queue = kit.make_queue("hops")
    source = f"""
import boto3, json
lam, sqs = boto3.client("lambda"), boto3.client("sqs")
def handler(event, context):
    sqs.send_message(QueueUrl={queue.url!r}, MessageBody="hop")
    try:
        lam.invoke(FunctionName=context.function_name, InvocationType={kind!r}, Payload=json.dumps(event))
    except lam.exceptions.RecursiveInvocationException as error:
        sqs.send_message(QueueUrl={queue.url!r}, MessageBody=type(error).__name__)
"""
    kit.deploy("loop", source, Timeout=120)
    kit.client("lambda").invoke(FunctionName="loop", InvocationType=kind, Payload=b"{}")
    bodies = [message["Body"] for message in kit.received(queue, 17)]
    assert sorted(bodies) == ["RecursiveInvocationException", *["hop"] * 16]


def test_a_function_may_call_another_one_often(kit: Any) -> None:
    kit.deploy("price", kit.COUNT)
    source = """
import boto3
lam = boto3.client("lambda")
def handler(event, context):
    return sum(lam.invoke(FunctionName="price")["StatusCode"] == 200 for _ in range(40))
"""
    kit.deploy("order", source, Timeout=60)
    assert kit.invoke("order").payload == 40
