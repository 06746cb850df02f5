"""The calls that a check makes, and the errors with which it fails.

A check sees the learner's work only through AWS calls, with its own inputs::

    @task("0.1")
    def order_total(attempt: Attempt) -> None:
        reply = attempt.invoke("hikari-order-total", {"price_yen": 1200, "quantity": 2})
        attempt.expect(
            reply["total_yen"] == 2400,
            problem="The total is wrong.",
            called=reply.called,
            came_back=reply,
            expected="price times quantity",
            look_at="the line in your handler that works out the total",
        )
"""

from __future__ import annotations

import base64
import json
import os
import re
from dataclasses import dataclass
from pathlib import PurePath, PureWindowsPath
from typing import TYPE_CHECKING, Any, NoReturn

from serverless_first.course import Task
from serverless_first.lab.failures import CheckBroken, CheckFailed, NotStarted, listed, one_line, readable

if TYPE_CHECKING:
    from serverless_first.shop import hikari

_TIMED_OUT = "Sandbox.Timedout"
_STAMP = re.compile(r"^\S+Z \S+ (?=Task timed out)|^RequestId: \S+ (?=Error)")
_FRAME = re.compile(r'File "([^"]+)",? [Ll]ine (\d+)(?:, in (\S+))?')
_NOT_THE_LEARNERS = re.compile(
    r"[/\\](?:site-packages|awslambdaric|serverless_first|lib(?:64)?[/\\]python3\.\d+|Lib)[/\\]|<frozen"
)


@dataclass(frozen=True, eq=False)
class Reply:
    """The result of an invocation.

    `reply == value` compares the payload. `reply["field"]` reads a field of it and fails the check, with a
    message for the learner, if the field is missing.
    """

    payload: Any
    called: str
    log: str
    task_id: str

    def __eq__(self, other: object) -> bool:
        return bool(self.payload == (other.payload if isinstance(other, Reply) else other))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        """The payload as JSON: the text "2400" and the number 2400 look different."""
        return json.dumps(self.payload, ensure_ascii=False)

    def __getitem__(self, field: str) -> Any:
        if not isinstance(self.payload, dict) or field not in self.payload:
            raise CheckFailed(
                f'The answer has no field "{field}".',
                called=self.called,
                came_back=self,
                expected=f'an object with the field "{field}"',
                look_at="what your handler returns",
                task_id=self.task_id,
            )
        return self.payload[field]


@dataclass(frozen=True)
class Attempt:
    """One run of the check of `task`."""

    task: Task

    def client(self, service: str) -> Any:
        """A boto3 client of the local cloud.

        Raises:
            CheckBroken: no local cloud runs. A check never reaches a real account by accident.
        """
        if not os.environ.get("AWS_ENDPOINT_URL"):
            raise cloud_is_missing(self.task.id)
        import boto3  # here, because it takes a third of a second
        from botocore.config import Config

        # Without retries, a missing cloud is noticed at once.
        patience = Config(connect_timeout=5, read_timeout=120, retries={"total_max_attempts": 1})
        return boto3.client(service, config=patience)

    def invoke(self, function_name: str, event: Any, *, qualifier: str | None = None) -> Reply:
        """Invokes a function and waits for its answer.

        Args:
            event: the function's event, as anything that JSON can hold.

        Raises:
            NotStarted: the function does not exist, or it still raises NotImplementedError.
            CheckFailed: the function ended with an error; the message has its type and text.
        """
        called = f"invoke {function_name}{':' + qualifier if qualifier else ''} with {readable(event)}"
        client = self.client("lambda")
        options = {"Qualifier": qualifier} if qualifier else {}
        try:
            answer = client.invoke(
                FunctionName=function_name, Payload=json.dumps(event).encode(), LogType="Tail", **options
            )
        except client.exceptions.ResourceNotFoundException:
            self._no_such_function(client, function_name, qualifier, called)
        raw = answer["Payload"].read().decode("utf-8")
        log = base64.b64decode(answer.get("LogResult", "")).decode("utf-8", errors="replace")
        try:
            payload = json.loads(raw) if raw else None
        except ValueError:
            payload = raw
        if answer.get("FunctionError"):
            self._function_error(payload, called)
        return Reply(payload, called, log, self.task.id)

    def database(self, identifier: str = "orders-db") -> hikari.Database:
        """Hikari's database, made by `hikari.database`.

        Raises:
            NotStarted: the database doesn't exist, or isn't available.
            CheckBroken: no local cloud runs.
        """
        self.client("rds")  # says so if no local cloud runs
        from serverless_first import cloud  # here, as for boto3
        from serverless_first.shop import hikari

        try:
            return hikari.find(cloud.start(), identifier)
        except cloud.CloudError as error:
            self.not_started(
                f"The database {identifier} cannot be used: {error}", look_at="the cell with hikari.database. Run it"
            )

    def expect(
        self, condition: bool, *, problem: str, called: str, came_back: object, expected: object, look_at: str
    ) -> None:
        """Fails the check unless `condition` holds. The four parts are explained at `CheckFailed`.

        `came_back` and `expected`: a string is shown as it is, a `Reply` or another value as JSON.
        """
        if not condition:
            self.fail(problem, called=called, came_back=came_back, expected=expected, look_at=look_at)

    def fail(self, problem: str, *, called: str, came_back: object, expected: object, look_at: str) -> NoReturn:
        """Fails the check; see `expect`. After a timeout, the problem also says what to do on a busy computer."""
        if _TIMED_OUT in str(came_back):
            problem = f"{problem} If your computer is busy, run the check again."
        raise CheckFailed(
            problem,
            called=called,
            came_back=came_back,
            expected=expected,
            look_at=look_at,
            task_id=self.task.id,
        )

    def not_started(self, problem: str, *, look_at: str = "") -> NoReturn:
        """Says that the learner has not begun this task."""
        raise NotStarted(problem, look_at=look_at or self._cell(), task_id=self.task.id)

    def _cell(self) -> str:
        return f"the cells of task {self.task.id}. Write your part, then run each of them down to this check"

    def _no_such_function(self, client: Any, name: str, qualifier: str | None, called: str) -> NoReturn:
        names = sorted(f["FunctionName"] for f in client.list_functions()["Functions"])
        what = f'no version or alias "{qualifier}" of "{name}"' if name in names else f'no function "{name}"'
        raise NotStarted(
            f"There is {what} yet.",
            called=called,
            came_back=f"no such function; the functions here: {listed(names)}",
            look_at=self._cell(),
            task_id=self.task.id,
        )

    def _function_error(self, payload: Any, called: str) -> NoReturn:
        error = payload if isinstance(payload, dict) else {"errorMessage": str(payload)}
        kind = str(error.get("errorType", "Error"))
        message = _STAMP.sub("", one_line(str(error.get("errorMessage", ""))))
        if kind == "NotImplementedError":
            raise NotStarted(
                "Your function still raises NotImplementedError. Replace that line with your code.",
                called=called,
                came_back=f"{kind}: {message}",
                look_at=self._cell(),
                task_id=self.task.id,
            )
        self.fail(
            "Your function timed out." if kind == _TIMED_OUT else "Your function ended with an error.",
            called=called,
            came_back=f"{kind}: {message}",
            expected="an answer without an error",
            look_at=_where(kind, message, error.get("stackTrace")),
        )


def cloud_is_missing(task_id: str) -> CheckBroken:
    """The error for a check that finds no local cloud."""
    return CheckBroken(
        "The local cloud is not running.",
        look_at="the cell with cloud.start(). Run it and the cells after it, then run this check again",
        task_id=task_id,
    )


def _where(kind: str, message: str, stack: object) -> str:
    """Where the learner's own code went wrong; by file name only, since folders differ between machines."""
    if kind == "TypeError" and ("positional argument" in message or "LambdaContext" in message):
        return "the line with def. Lambda calls a handler with two values, the event (a dict) and the context"
    if kind == "Runtime.HandlerNotFound":
        return "your file. It must define the handler, usually with def handler(event, context)"
    frames = _FRAME.findall("".join(map(str, stack))) if isinstance(stack, list) else []
    own = [frame for frame in frames if not _NOT_THE_LEARNERS.search(frame[0])]
    if not own:
        return "your handler's code"
    path, line, function = own[-1]
    name = PureWindowsPath(path).name if "\\" in path else PurePath(path).name
    return f"{name}, line {line}" + (f", in {function}" if function else "")
