"""Shares a learner's progress with the instructor's board, if there is one and the learner agrees (`lab.share(True)`).

Two environment variables name the board: SERVERLESS_FIRST_BOARD_URL and SERVERLESS_FIRST_BOARD_TOKEN, a token for each
student. Without them, nothing here does anything. The answer is in progress.json, for this board only:

    "sharing": {"board": "http://127.0.0.1:8766/board/", "agreed": true, "since": "2026-11-25T14:40:00Z"}

After a check a small file goes into `.board/` in the learner's folder, and a thread sends it. A slow or missing
board doesn't slow a check. A file that could not be sent waits in the folder, even through restarts. The board gets
module, task, passed or not, tries, hints, the course's own sentence that says what is wrong, and the time. It never
gets code, values or errors.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from serverless_first.lab.failures import one_line, shorten
from serverless_first.lab.progress import Data, ProgressFile, now, task_progress
from serverless_first.lab.show import say

URL, TOKEN = "SERVERLESS_FIRST_BOARD_URL", "SERVERLESS_FIRST_BOARD_TOKEN"
QUEUE = ".board"
LONGEST_MESSAGE = 300
MOST_WAITING = 1000
"""How many files the queue may hold. If there are more, the oldest is deleted."""
TIMEOUT_S = 5.0
LONGEST_PAUSE_S = 30.0
LAST_WORDS_S = 2.0
"""How long a notebook's kernel waits, before it ends, for what is being sent."""
_TAKEN, _REFUSED = (200, 204), (400, 413)
WHAT = (
    "module and task, passed or not, tries, hints, the one sentence that says what is wrong, and the time. Never "
    "your code or its results."
)


@dataclass(frozen=True)
class Board:
    """The board that the environment names."""

    url: str
    token: str


def board() -> Board | None:
    """The board, if the environment names a usable address and token."""
    url, token = os.environ.get(URL, "").strip(), os.environ.get(TOKEN, "").strip()
    with contextlib.suppress(ValueError):
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname and token and (url + token).isascii():
            return Board(url.rstrip("/") + "/", token)
    return None


def after_check(file: ProgressFile, module_id: str, task_id: str, problem: str) -> str:
    """Shares a check that was judged, or does nothing. Never raises, and never waits.

    Args:
        file: the learner's progress, with this check in it.
        problem: the course's sentence on what is wrong; empty for a pass.

    Returns:
        the question whether to share, once for each board; otherwise an empty text.
    """
    the_board = board()
    if the_board is None:
        return ""
    with contextlib.suppress(Exception):  # the check goes on, because sharing must never fail a task
        data = file.read()
        if _answer(data, the_board) is None:
            if "since" not in _noted(data, the_board):
                file.update(lambda progress: _note(progress, the_board, None))
                return question()
        elif _answer(data, the_board):
            _queue(file, the_board, _event(data, module_id, task_id, problem))
            SENDER.start(file, the_board)
    return ""


def question() -> str:
    """The question that asks a learner whether to share."""
    return (
        "Your instructor has a board. May it see your progress after each check?\n"
        f"It would get: {WHAT}\n"
        "Call lab.share(True) to agree, or lab.share(False) to refuse. Nothing is sent until you agree, and you "
        "can change your mind."
    )


def status_line(data: Data) -> str:
    """A line for lab.progress(): whether anything is shared; empty without a board."""
    the_board = board()
    if the_board is None:
        return ""
    answer = _answer(data, the_board)
    if not answer:
        reason = "You have not answered yet." if answer is None else "You refused."
        return f"Shared with your instructor's board: nothing. {reason} lab.share(True) shares: {WHAT}"
    trouble = f" {SENDER.trouble}" if SENDER.trouble else ""
    since = str(_noted(data, the_board).get("since", ""))[:10]
    return f"Shared with your instructor's board since {since}: {WHAT} lab.share(False) stops it.{trouble}"


def unanswered(file: ProgressFile) -> str:
    """The line of `status_line` for a learner who has not answered yet. The command line can't show the question."""
    the_board = board()
    if the_board is None or _answer(data := file.read(), the_board) is not None:
        return ""
    return status_line(data)


def share(file: ProgressFile, agreed: bool, *, forget: bool = False) -> None:
    """Writes the learner's answer down and says what follows; see `Lab.share`."""
    the_board = board()
    if the_board is None:
        say("This class has no board, so nothing is shared. In a class with a board, you are asked first.")
        return
    if not file.update(lambda progress: _note(progress, the_board, agreed)):
        say("Your answer could not be saved, so nothing is shared.")
        _clear(file)
        return
    if agreed:
        data = file.read()
        for module_id, module in data["modules"].items():
            for task_id in module.get("tasks", {}):
                if task_progress(data, module_id, task_id).attempts:
                    _queue(file, the_board, _event(data, module_id, task_id, ""))
        SENDER.start(file, the_board)
        say(f"From now on, {the_board.url} gets what you have done so far and each check: {WHAT}")
        return
    _clear(file)
    if not forget:
        say(
            "Nothing more will be sent. The board keeps what was already sent. "
            "lab.share(False, forget=True) removes it."
        )
        return
    SENDER.wait(TIMEOUT_S)  # what is being sent must arrive before the board deletes it
    status = _send(the_board, "DELETE", "api/mine", None)
    say(
        "Nothing more will be sent, and the board has deleted what it had about you."
        if status == 200
        else "Nothing more will be sent. The board did not respond, so it still has what you sent. Try again."
    )


def _noted(data: Data, the_board: Board) -> dict[str, Any]:
    note = data.get("sharing")
    return note if isinstance(note, dict) and note.get("board") == the_board.url else {}


def _answer(data: Data, the_board: Board) -> bool | None:
    answer = _noted(data, the_board).get("agreed")
    return answer if isinstance(answer, bool) else None


def _note(data: Data, the_board: Board, agreed: bool | None) -> None:
    data["sharing"] = {"board": the_board.url, "agreed": agreed, "since": now()}


def _event(data: Data, module_id: str, task_id: str, problem: str) -> dict[str, Any]:
    done = task_progress(data, module_id, task_id)
    message = one_line(problem).encode(errors="replace").decode()
    return {
        **{"id": uuid.uuid4().hex, "module": module_id, "task": task_id, "passed": done.passed},
        **{"tries": done.attempts, "hints": done.hints, "when": now()},
        "message": "" if done.passed else shorten(message, LONGEST_MESSAGE),
    }


def _queue(file: ProgressFile, the_board: Board, event: dict[str, Any]) -> None:
    folder = _folder(file)
    folder.mkdir(parents=True, exist_ok=True)
    waiting = _waiting(folder)
    for old in waiting[: max(0, len(waiting) - MOST_WAITING + 1)]:
        old.unlink(missing_ok=True)
    name = f"{time.time_ns():020}-{event['id']}"
    part = folder / f"{name}.part"
    part.write_text(json.dumps({"board": the_board.url, "event": event}), encoding="utf-8")
    part.replace(folder / f"{name}.json")


def _clear(file: ProgressFile) -> None:
    for event_file in _waiting(_folder(file)):
        with contextlib.suppress(OSError):
            event_file.unlink(missing_ok=True)


def _folder(file: ProgressFile) -> Path:
    return file.path.parent / QUEUE


def _waiting(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.json")) if folder.is_dir() else []


class _Sender:
    """The one thread of this process that sends. It ends when nothing is waiting."""

    def __init__(self) -> None:
        self.trouble = ""
        """Why the board has not taken what was sent last, for the learner to read."""
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._pausing = False

    def start(self, file: ProgressFile, the_board: Board) -> None:
        """Sends what waits, now; returns at once."""
        with self._lock:
            self._wake.set()
            if self._thread is None:
                atexit.unregister(self._last_words)
                atexit.register(self._last_words)
                self._thread = threading.Thread(target=self._run, args=(file, the_board), daemon=True, name="board")
                self._thread.start()

    def wait(self, limit_s: float) -> bool:
        """Waits until everything is sent. False if that takes longer."""
        thread = self._thread
        self._wake.set()
        if thread is not None:
            thread.join(limit_s)
        return self._thread is None

    def _last_words(self) -> None:
        if not self._pausing:
            self.wait(LAST_WORDS_S)

    def _run(self, file: ProgressFile, the_board: Board) -> None:
        pause_s = 1.0
        while True:
            self._wake.clear()
            try:
                outcome = self._send_all(file, the_board)
            except Exception as error:  # a folder that cannot be read, say: the next check tries again
                outcome, self.trouble = "done", f"Your progress could not be sent: {type(error).__name__}."
            with self._lock:
                if outcome == "done" and not self._wake.is_set():
                    self._thread = None
                    return
            if outcome == "later":
                self._pausing = True
                self._wake.wait(pause_s)
                self._pausing = False
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _send_all(self, file: ProgressFile, the_board: Board) -> Literal["done", "later"]:
        for waiting in _waiting(_folder(file)):
            if not _answer(file.read(), the_board):  # another notebook may have withdrawn the consent
                _clear(file)
                return "done"
            try:
                queued = json.loads(waiting.read_bytes())
                event = queued["event"] if queued["board"] == the_board.url else None
            except FileNotFoundError:  # another notebook has sent it, or withdrawn the consent
                continue
            except (ValueError, LookupError, TypeError):
                event = None
            if event is not None:
                status = _send(the_board, "POST", "api/progress", event)
                if status in (401, 403):
                    self.trouble = "The board does not recognize your token. Tell your instructor."
                    return "done"
                if status not in (*_TAKEN, *_REFUSED):  # none, an error of the server's, or another server
                    self.trouble = "The board is not responding at the moment. Your progress will be sent later."
                    return "later"
                self.trouble = "" if status in _TAKEN else f"The board did not take the last check (HTTP {status})."
            waiting.unlink(missing_ok=True)
        return "done"


SENDER = _Sender()


def _send(the_board: Board, method: str, path: str, body: dict[str, Any] | None) -> int | None:
    """The answer's status, or None. It never follows a redirect, which would take the token elsewhere."""
    # Here, because most learners have no board, and these take a moment to load.
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

    class Stay(HTTPRedirectHandler):
        def redirect_request(self, *_: Any) -> None:
            return None

    headers = {"Authorization": f"Bearer {the_board.token}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = Request(the_board.url + path, data, headers, method=method)
    try:
        with build_opener(Stay, ProxyHandler({})).open(request, timeout=TIMEOUT_S) as answer:
            return int(answer.status)
    except HTTPError as error:
        error.close()
        return error.code
    except (OSError, HTTPException):
        return None
