"""The attackers of the protocol fuzzer: threads that play scripts through the proxy, and compare with PostgreSQL."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from kits.protocol_attacks import Attack
from kits.protocol_plan import (
    ASYNCHRONOUS,
    FENCE,
    FENCE_ANSWERS,
    Await,
    Cancel,
    Idle,
    Leave,
    Pause,
    Script,
    Send,
    Settle,
    Step,
    seen,
    shown,
)
from kits.proxy_kit import Endpoint
from kits.raw_client import CANCEL_REQUEST, TERMINATE, Message, RawClient

TICK_S = 0.002
Answers = list[tuple[str, bytes]]


@dataclass(frozen=True)
class Finding:
    """Something that must not be.

    Args:
        who: the client that noticed it.
        text: what it sent, expected and got.
        after_s: the time since the run began, in seconds.
    """

    who: str
    text: str
    after_s: float


class Front:
    """One proxy in a run: what its victims and attackers share.

    Args:
        name: the proxy's name in reports.
        limit_s: no answer may take longer, in seconds.
    """

    def __init__(self, name: str, endpoint: Endpoint, direct: Endpoint, limit_s: float) -> None:
        self.name, self.endpoint, self.direct, self.limit_s = name, endpoint, direct, limit_s
        self.findings: list[Finding] = []
        self.over = threading.Event()
        self.played: Counter[str] = Counter()
        self.answers = 0
        self._began_s = time.monotonic()
        self._lock = threading.Lock()

    def report(self, who: str, text: str) -> None:
        """Notes a finding, and ends the work at this proxy."""
        with self._lock:
            self.findings.append(Finding(who, text, time.monotonic() - self._began_s))
        self.over.set()

    def answered(self, count: int = 1) -> None:
        """Victims had right answers."""
        with self._lock:
            self.answers += count

    def wait_for_answers(self, count: int) -> bool:
        """Waits until victims had so many more answers, or the run is over; False if that takes too long."""
        goal, end_s = self.answers + count, time.monotonic() + self.limit_s
        while self.answers < goal and not self.over.is_set():
            if time.monotonic() > end_s:
                return False
            time.sleep(TICK_S)
        return True

    def client(self, endpoint: Endpoint, **settings: str) -> RawClient:
        """A client that has logged in."""
        client = RawClient(endpoint)
        client.socket.settimeout(self.limit_s)
        answers = client.login(**settings)
        if not answers or answers[-1].kind != "Z":
            client.socket.close()
            raise ConnectionError(f"no login: {[answer.brief() for answer in answers]}")
        return client


class Talk:
    """One client's part of a script: what it has heard. Args: expected: PostgreSQL's answers; None on its own side."""

    def __init__(self, client: RawClient, front: Front, expected: Answers | None = None) -> None:
        self.client, self.front, self.expected = client, front, expected
        self.answers: list[Message] = []
        self.is_over = False

    def hear(self) -> Message | None:
        """The next answer that isn't asynchronous; None at the end."""
        while (answer := self.client.receive()) is not None:
            if answer.kind not in ASYNCHRONOUS:
                self.answers.append(answer)
                return answer
        self.is_over = True
        return None

    def play(self, step: Step) -> None:
        """Does one step."""
        if isinstance(step, Send):
            for piece in step.pieces:
                self.client.send(piece)
                time.sleep(step.pause_s)
        elif isinstance(step, Await):
            for _ in range(step.count):
                while (answer := self.hear()) is not None and answer.kind != step.kind:
                    pass
        elif self.expected is None and not isinstance(step, Pause | Cancel):
            return
        elif isinstance(step, Settle):
            while len(self.answers) < len(self.expected or []) - FENCE_ANSWERS and self.hear() is not None:
                pass
        elif isinstance(step, Idle):
            if not self.front.wait_for_answers(step.answers):
                raise TimeoutError("The victims wait while this client is idle.")
        elif isinstance(step, Pause):
            time.sleep(step.pause_s)
        else:
            self._cancel()

    def _cancel(self) -> None:
        with socket.create_connection((self.client.endpoint.host, self.client.endpoint.port), 10) as bare:
            bare.sendall(struct.pack("!ii", 16, CANCEL_REQUEST) + self.client.key)
            with contextlib.suppress(OSError):
                bare.recv(1)

    def finish(self, leave: Leave | None) -> None:
        """Fences off the script, unless the server hangs up."""
        if leave is Leave.LINGER:
            while self.hear() is not None:
                pass
            return
        self.client.send(FENCE)
        while (answer := self.hear()) is not None:
            if answer.kind == "D" and b"fence" in answer.body:
                self.hear()
                self.hear()
                return


class Attacker:
    """One thread that plays a script after another until the victims are done.

    Args:
        name: the prefix of its tables.
        seed: with the name and a script's number, it makes the script.
    """

    def __init__(self, front: Front, name: str, seed: int, attacks: dict[str, Attack]) -> None:
        self.front, self.name, self.seed, self.attacks = front, name, seed, attacks
        self.clients: dict[str, RawClient] = {}

    def script(self, number: int) -> tuple[Script, int]:
        """A script of the plan, and how many answers of victims to wait for afterwards."""
        dice = Random(f"{self.seed}-{self.name}-{number}")
        return self.attacks[dice.choice(list(self.attacks))](dice, self.name), dice.randint(0, 10)

    def run(self) -> None:
        """Works until the run is over. It stays connected, so that the connections can be counted."""
        number = 0
        while not self.front.over.is_set():
            script, pace = self.script(number)
            self.play(script, number)
            self.front.wait_for_answers(pace)
            number += 1

    def play(self, script: Script, number: int) -> None:
        """Plays one script and reports what is wrong."""
        who = f"{self.name}, script {number} ({script.kind})"
        expected: Answers | None = None
        try:
            if script.is_compared:
                expected = [seen(answer) for answer in self._talk(self.front.direct, script, None).answers]
            talk = self._talk(self.front.endpoint, script, expected)
        except (OSError, AssertionError) as error:
            if script.is_compared and not self.front.over.is_set():
                self.front.report(who, f"{error!r}\n  it plays\n{script.shown()}\n  PostgreSQL says\n{shown(expected or [])}")
            self.leave(Leave.VANISH)
            return
        if script.is_compared and not self.front.over.is_set():
            answers = [seen(answer) for answer in talk.answers]
            if not is_alike(expected or [], answers, is_over=talk.is_over):
                text = f"it plays\n{script.shown()}\n  PostgreSQL says\n{shown(expected or [])}\n  the proxy says\n{shown(answers)}"
                self.front.report(who, text)
        self.front.played[script.kind] += 1
        if script.leave is not None or talk.is_over:
            self.leave(script.leave or Leave.VANISH)

    def _talk(self, endpoint: Endpoint, script: Script, expected: Answers | None) -> Talk:
        client = self.clients.get(endpoint.kind)
        if client is None:
            client = self.clients[endpoint.kind] = self.front.client(endpoint)
        talk = Talk(client, self.front, expected)
        for step in script.steps:
            if not talk.is_over:
                talk.play(step)
        if script.is_compared and not talk.is_over:
            talk.finish(script.leave)
        return talk

    def close(self) -> None:
        """Ends its connections."""
        self.leave(Leave.VANISH)

    def leave(self, leave: Leave) -> None:
        """Ends its connections in one way."""
        for client in self.clients.values():
            with contextlib.suppress(OSError):
                if leave is Leave.TERMINATE:
                    client.send(TERMINATE)
                if leave is Leave.RESET:
                    client.reset()
            client.socket.close()
        self.clients.clear()


def is_alike(expected: Answers, answers: Answers, *, is_over: bool) -> bool:
    """Whether the proxy's answers are PostgreSQL's. If both hang up, answers to earlier messages may be missing."""
    if not is_over:
        return answers == expected
    heard, right = ([answer for answer in side if answer[0] != "E"] for side in (answers, expected))
    return heard == right[: len(heard)] and any(body.startswith(b"FATAL") for _, body in expected)


def threads_of(works: list[Callable[[], None]]) -> list[threading.Thread]:
    """Starts a thread for each."""
    threads = [threading.Thread(target=work, daemon=True) for work in works]
    for thread in threads:
        thread.start()
    return threads
