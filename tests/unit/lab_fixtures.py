"""A small course on disk, and an endpoint that answers Lambda's Invoke, for the tests of the lab kit."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from serverless_cloud.notebook import surroundings

COURSE_TOML = """\
title = "Lamps"
deck = "A deck"
deck_slide_count = 2

[[module]]
id = "05-lamps"
title = "Lamps that last"
summary = "s"
deck_slides = [1]
lesson_minutes = 5
lab_minutes = 5

[[module.task]]
id = "5.1"
title = "Work out the total"
minutes = 3

[[module.task]]
id = "5.2"
title = "Ship the lamp"
minutes = 1

[[module]]
id = "06-later"
title = "Later"
summary = "s"
deck_slides = [2]
lesson_minutes = 5
lab_minutes = 5
"""

CHECKS = """\
from serverless_first.lab import Attempt, task


@task("5.1")
def order_total(attempt: Attempt) -> None:
    reply = attempt.invoke("hikari-total", {"price_yen": 1200, "quantity": 2})
    attempt.expect(
        reply["total_yen"] == 2400,
        problem="The total is wrong.",
        called=reply.called,
        came_back=reply,
        expected="price times quantity",
        look_at="the line that multiplies",
    )


@task("5.2")
def ship(attempt: Attempt) -> None:
    from pathlib import Path

    if not Path("shipped.txt").exists():
        attempt.not_started("Nothing is shipped.")
    text = Path("shipped.txt").read_text(encoding="utf-8")
    attempt.expect(text == "lamp", problem="The wrong thing is shipped.", called="read shipped.txt",
                   came_back=text, expected="a lamp", look_at="what you write")
"""

HINTS = """\
5.1:
  - What is a total?
  - Look at `*`, not at `**`.
  - "`price * quantity`"
5.2:
  - What is in the box?
  - Look at write_text.
  - Write the word for the thing that gives light.
"""

QUIZ = """\
quiz:
  - question: What costs $5 or < $5, for `price_yen`?
    type: multiple_choice
    answers:
      - {answer: A lamp, correct: true, feedback: Lamps do.}
      - {answer: A house, correct: false, feedback: Houses cost more.}
  - question: How many seats?
    type: numeric
    answers:
      - {answer: 20, correct: true, feedback: max_connections.}
      - {answer: [15, 20], correct: false, feedback: Those for an ordinary role.}
      - {answer: anything else, correct: false, feedback: Count again.}
recall:
  - question: What gives light?
    type: many_choice
    answers:
      - {answer: A lamp, correct: true, feedback: It does.}
      - {answer: The sun, correct: true, feedback: By day.}
      - {answer: A box, correct: false, feedback: It does not.}
"""


def notebook(*cells: tuple[str, list[str]]) -> str:
    """The text of a notebook with code cells, each a source and its tags."""
    return json.dumps(
        {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {},
            "cells": [
                {
                    "id": f"cell-{number}",
                    "cell_type": "code",
                    "execution_count": None,
                    "metadata": {"tags": tags},
                    "outputs": [],
                    "source": source,
                }
                for number, (source, tags) in enumerate(cells, 1)
            ],
        }
    )


SOLUTION = notebook(
    ("### BEGIN SOLUTION\ntotal = price * quantity\n### END SOLUTION", ["task-5.1"]),
    ('lab.check("5.1")', ["check-5.1"]),
)


@pytest.fixture
def course_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with one ready module, in a folder with a space and a Japanese letter; its work/ is the learner's."""
    root = tmp_path / "my 灯 course"
    module = root / "modules" / "05-lamps"
    module.mkdir(parents=True)
    (root / "solutions").mkdir()
    for path, text in {
        root / "course.toml": COURSE_TOML,
        module / "checks.py": CHECKS,
        module / "hints.yml": HINTS,
        module / "quiz.yml": QUIZ,
        root / "solutions" / "05-lamps.ipynb": SOLUTION,
    }.items():
        path.write_text(text, encoding="utf-8", newline="\n")
    monkeypatch.setenv("SERVERLESS_FIRST_ROOT", str(root))
    monkeypatch.setenv("SERVERLESS_FIRST_WORK", str(root / "work"))
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def learner_notebook(course_dir: Path) -> Callable[..., Path]:
    """Writes the learner's copy of the lab from cells, each a source and its tags."""

    def write(*cells: tuple[str, list[str]]) -> Path:
        path = course_dir / "work" / "labs" / "05-lamps.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(notebook(*cells), encoding="utf-8", newline="\n")
        return path

    return write


@pytest.fixture
def functions(course_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, object]]:
    """Lambda's Invoke and ListFunctions over real HTTP, beside the course in `course_dir`.

    The test fills the table: what each function answers; a dict with errorType is a function that ends with an error.
    """
    assert course_dir.is_dir()  # made first: it takes the endpoint away, this fixture sets it
    table: dict[str, object] = {}

    class Lambda(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            names = [{"FunctionName": name} for name in table]
            self._answer(200, {"Functions": names})

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            name = urlsplit(self.path).path.split("/")[3]
            if name not in table:
                self._answer(404, {"Message": "Function not found"}, "ResourceNotFoundException")
                return
            answer = table[name]
            failed = isinstance(answer, dict) and "errorType" in answer
            self._answer(200, answer, function_error=failed)

        def _answer(self, status: int, body: object, error: str = "", *, function_error: bool = False) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            if error:
                self.send_header("x-amzn-ErrorType", error)
            if function_error:
                self.send_header("X-Amz-Function-Error", "Unhandled")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Lambda)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    # `run_lab` gives its kernel no address of AWS; here it shall find this stand-in.
    monkeypatch.setattr(surroundings, "NOWHERE", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-northeast-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield table
    server.shutdown()
    server.server_close()
    thread.join()
