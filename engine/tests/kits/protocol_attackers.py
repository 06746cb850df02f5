"""The attackers of the protocol fuzzer: threads that play scripts through the proxy, and compare with PostgreSQL."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from kits.protocol_attacks import Attack
from kits.protocol_plan import (
    ASYNCHRONOUS,
    FENCE,
    FENCE_ANSWERS,
    Await,
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
NOT_COPY_DATA = b"during COPY from stdin"  # of an error, after which PostgreSQL hangs up
#: Victims pause if they have more answers than this for each script, so that attacks don't become rare.
ANSWERS_FOR_A_SCRIPT, AHEAD = 10, 200
#: PostgreSQL 18 fails a session's next statement after a simple query inside a batch.
POSTGRES_FAULT = b"unexpected state STARTED"
FORGOTTEN = b"unnamed prepared statement does not exist"
#: PostgreSQL hangs up on a message that must not come during a copy, although its manual says that only the copy ends.
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
        self.answers = self._wanted = 0
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
        self._want(1)
        while self.answers < goal and not self.over.is_set() and time.monotonic() < end_s:
            time.sleep(TICK_S)
        self._want(-1)
        return self.answers >= goal or self.over.is_set()

    def _want(self, change: int) -> None:
        with self._lock:
            self._wanted += change

    def wait_for_attackers(self) -> None:
        """Waits while the victims are far ahead of the attackers, and no attacker waits for victims."""
        while self.answers > ANSWERS_FOR_A_SCRIPT * self.played.total() + AHEAD:
            if self._wanted or self.over.is_set():
                return
            time.sleep(TICK_S)

    def client(self, endpoint: Endpoint, **settings: str) -> RawClient:
        """A client that has logged in."""
        client = RawClient(endpoint)
        client.socket.settimeout(self.limit_s)
        answers = client.login(**settings)
        if not answers or answers[-1].kind != "Z":
            client.socket.close()
            raise ConnectionError(f"no login: {[answer.brief() for answer in answers]}")
        return client


def without_repeats(answers: Answers) -> Answers:
    """The answers, with one ReadyForQuery in the place of several in a row."""
    return [answer for n, answer in enumerate(answers) if answer[0] != "Z" or n == 0 or answers[n - 1][0] != "Z"]


def _without_early_ends(answers: Answers, begin: int = 0) -> Iterator[Answers]:
    """The answers, and the same without what follows a COPY that has failed at once, up to the next ReadyForQuery.

    PostgreSQL takes a Sync before the data for the end of that COPY, and answers the messages after it. The proxy takes
    the Sync for one that the COPY ignores, so the server skips these messages.
    """
    kinds = [kind for kind, _ in answers]
    for n in range(begin, len(answers) - 3):
        if kinds[n : n + 3] == ["G", "E", "Z"] and "Z" in kinds[n + 3 :]:
            yield from _without_early_ends(answers[: n + 2] + answers[kinds.index("Z", n + 3) :], n + 2)
            yield from _without_early_ends(answers, n + 1)
            return
    yield answers


class Talk:
    """One client's part of a script.

    Args:
        right: the same script on a direct connection, if it is compared and this isn't the direct connection itself.

    Attributes:
        answers: all that it has heard, as `seen` gives it.
        is_over: whether the other side has hung up.
    """

    def __init__(self, client: RawClient, front: Front, right: Talk | None = None) -> None:
        self.client, self.front, self.right = client, front, right
        self.answers: Answers = []
        self.is_over = False

    @property
    def is_right(self) -> bool:
        """Whether it is like the direct one. If PostgreSQL hangs up, answers to earlier messages may be missing.

        The proxy differs in four cases, which docs/fidelity.md has. It ends a COPY that gets another
        message than data, where PostgreSQL hangs up. It takes a Sync before the data of a COPY for one that the COPY
        ignores, where PostgreSQL is ready once more if the COPY has failed before it read anything. It replaces a
        connection that a query in a batch has spoiled. And it forgets an unnamed statement if the Parse of another one
        was skipped.
        """
        assert self.right is not None
        right = self.right.answers
        not_data = next((n for n, (kind, text) in enumerate(right) if kind == "E" and NOT_COPY_DATA in text), None)
        if not_data is not None:
            kinds = [kind for kind, _ in right[:not_data]]
            early = (n for n in range(not_data - 1) if kinds[n : n + 2] == ["G", "E"])
            not_data = next(early, not_data)  # the proxy goes on with other messages than PostgreSQL
            return self.answers[:not_data] == right[:not_data]
        if any(POSTGRES_FAULT in text for _, text in right) or any(FORGOTTEN in text for _, text in self.answers):
            return True
        if any(kind == "G" for kind, _ in right) and not self.right.is_over and not self.is_over:
            mine = without_repeats(self.answers)
            return any(mine == other for other in _without_early_ends(without_repeats(right)))
        if not self.right.is_over and not self.is_over:
            return self.answers == right
        mine, right = ([kind for kind in side if kind[0] != "E"] for side in (self.answers, right))
        shorter = min(len(mine), len(right))
        return self.is_over and self.right.is_over and mine[:shorter] == right[:shorter]

    def hear(self) -> Message | None:
        """The next answer that isn't asynchronous; None at the end."""
        while (answer := self.client.receive()) is not None:
            if answer.kind not in ASYNCHRONOUS:
                self.answers.append(seen(answer))
                return answer
        self.is_over = True
        return None

    def play(self, step: Step) -> None:
        """Does one step."""
        if isinstance(step, Send):
            self._send(step)
        elif isinstance(step, Await):
            for _ in range(step.count):
                while (answer := self.hear()) is not None and answer.kind != step.kind:
                    pass
        elif self.right is None and isinstance(step, Settle | Idle):
            return
        elif isinstance(step, Settle):
            count = len(without_repeats(self.right.answers)) - FENCE_ANSWERS if self.right is not None else 0
            while len(without_repeats(self.answers)) < count and self.hear() is not None:
                pass
        elif isinstance(step, Idle):
            if not self.front.wait_for_answers(step.answers):
                raise TimeoutError("The victims wait while this client is idle.")
        elif isinstance(step, Pause):
            time.sleep(step.pause_s)
        else:
            self._cancel()

    def _send(self, step: Send) -> None:
        try:
            for piece in step.pieces:
                self.client.send(piece)
                time.sleep(step.pause_s)
        except ConnectionError:
            while self.hear() is not None:
                pass

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
        self._send(Send((FENCE,)))
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
        self.talks: dict[str, Talk] = {}

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
        direct, proxy = self.front.direct, self.front.endpoint
        self.talks.clear()
        error: Exception | None = None
        try:
            if script.is_compared:
                self._talk(direct, script)
            self._talk(proxy, script)
        except (OSError, AssertionError) as problem:
            error = problem
        talk = self.talks.get(proxy.kind)
        if script.is_compared and (error or (talk and not talk.is_right)) and not self.front.over.is_set():
            sides = {end.kind: self.talks[end.kind].answers for end in (direct, proxy) if end.kind in self.talks}
            text = "".join(f"\n  {name} says\n{shown(answers)}" for name, answers in sides.items())
            what = f"{error!r}" if error else "The answers differ."
            self.front.report(
                f"{self.name}, script {number} ({script.kind})", f"{what}\n  it plays\n{script.shown()}{text}"
            )
        self.front.played[script.kind] += 1
        if error or script.leave is not None or any(each.is_over for each in self.talks.values()):
            self.leave(script.leave or Leave.VANISH)

    def _talk(self, endpoint: Endpoint, script: Script) -> None:
        client = self.clients.get(endpoint.kind)
        if client is None:
            client = self.clients[endpoint.kind] = self.front.client(endpoint)
        talk = self.talks[endpoint.kind] = Talk(client, self.front, self.talks.get(self.front.direct.kind))
        for step in script.steps:
            if not talk.is_over:
                talk.play(step)
        if script.is_compared and not talk.is_over:
            talk.finish(script.leave)

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


def threads_of(works: list[Callable[[], None]]) -> list[threading.Thread]:
    """Starts a thread for each."""
    threads = [threading.Thread(target=work, daemon=True) for work in works]
    for thread in threads:
        thread.start()
    return threads
