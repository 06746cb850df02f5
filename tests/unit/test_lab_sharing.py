"""Sharing with a board: nothing without consent, never code, and no check waits for it or fails by it."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.unit.board_kit import Running, running

from serverless_first.lab import CheckFailed, Lab, sharing
from serverless_first.lab.runner import run_lab

pytest_plugins = ["lab_fixtures"]

SOURCE = "def handler(event, context): return {'total_yen': 'MY-OWN-CODE'}"


@pytest.fixture(autouse=True)
def _fresh_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "SENDER", sharing._Sender())


@pytest.fixture
def board(course_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """A board of the small course; the learner is Aiko."""
    with running(course_dir / "board") as found:
        be(monkeypatch, found.url, found.keys.student("Aiko"))
        yield found


@pytest.fixture
def wrong(functions: dict[str, object]) -> dict[str, object]:
    """A function whose answer is wrong, and shows its own code."""
    functions["hikari-total"] = {"total_yen": SOURCE}
    return functions


def be(monkeypatch: pytest.MonkeyPatch, url: str, token: str) -> None:
    monkeypatch.setenv(sharing.URL, url)
    monkeypatch.setenv(sharing.TOKEN, token)


def fail(lab: Lab) -> None:
    with pytest.raises(CheckFailed, match="The total is wrong"):
        lab.check("5.1")


def kept(board: Running) -> list[Any]:
    """The states of Aiko on the board, once nothing is on its way."""
    assert sharing.SENDER.wait(60)
    return list(board.ask("api/mine", board.keys.student("Aiko")).json["states"])


def waiting(course_dir: Path) -> list[Path]:
    return sorted((course_dir / "work" / ".board").glob("*"))


@contextmanager
def stand_in(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[tuple[str, list[str]]]:
    """A server that is no board: its address, and the methods and paths that were asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(f"{self.command} {self.path} {self.headers['Authorization']}")
            self.rfile.read(int(self.headers["Content-Length"] or 0))
            answer(self)

        do_GET = do_DELETE = do_POST

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", asked
    server.shutdown()
    server.server_close()


def status(code: int, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


# ---- consent


@pytest.mark.usefixtures("wrong")
def test_without_a_board_nobody_is_asked_and_nothing_is_kept_to_send(
    course_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fail(Lab("05"))
    Lab("05").progress()
    assert "board" not in capsys.readouterr().out
    assert "sharing" not in json.loads((course_dir / "work" / "progress.json").read_text(encoding="utf-8"))
    assert waiting(course_dir) == []
    Lab("05").share(True)
    assert "This class has no board" in capsys.readouterr().out


@pytest.mark.usefixtures("wrong")
def test_a_learner_is_asked_once_and_without_an_answer_nothing_is_sent(
    board: Running, course_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fail(Lab("05"))
    asked = capsys.readouterr().out
    assert "May it see your progress" in asked
    assert "Never your code" in asked
    fail(Lab("05"))
    assert "May it see" not in capsys.readouterr().out
    assert kept(board) == []
    assert waiting(course_dir) == []
    Lab("05").progress()
    assert "Shared with your instructor's board: nothing" in capsys.readouterr().out


def test_after_consent_the_board_has_what_was_done_and_each_check(
    board: Running, wrong: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    lab = Lab("05")
    fail(lab)
    lab.share(True)
    (state,) = kept(board)
    assert (state["task"], state["passed"], state["tries"]) == ("5.1", 0, 1)
    lab.hint("5.1")
    fail(lab)
    (state,) = kept(board)
    assert (state["tries"], state["hints"], state["message"]) == (2, 1, "The total is wrong.")
    wrong["hikari-total"] = {"total_yen": 2400}
    lab.check("5.1")
    (state,) = kept(board)
    assert (state["passed"], state["tries"], state["message"]) == (1, 3, "")
    capsys.readouterr()
    lab.progress()
    assert "Shared with your instructor's board since 20" in capsys.readouterr().out


@pytest.mark.usefixtures("wrong")
def test_when_consent_is_taken_back_nothing_is_sent_from_any_notebook(board: Running, course_dir: Path) -> None:
    here, elsewhere = Lab("05"), Lab("05")
    here.share(True)
    fail(here)
    assert kept(board)[0]["tries"] == 1
    here.share(False)
    fail(here)
    fail(elsewhere)
    assert kept(board)[0]["tries"] == 1
    assert waiting(course_dir) == []


@pytest.mark.usefixtures("wrong")
def test_what_waits_is_not_sent_after_consent_is_taken_back(course_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with stand_in(status(503)) as (url, asked):
        be(monkeypatch, url, "t")
        lab = Lab("05")
        lab.share(True)
        fail(lab)
        lab.share(False)
        assert sharing.SENDER.wait(60)
        before = len(asked)
        fail(lab)
        assert len(asked) == before
        assert waiting(course_dir) == []


@pytest.mark.usefixtures("wrong")
def test_forget_removes_what_the_board_has(board: Running, capsys: pytest.CaptureFixture[str]) -> None:
    lab = Lab("05")
    lab.share(True)
    fail(lab)
    assert kept(board)
    lab.share(False, forget=True)
    assert "the board has deleted what it had about you" in capsys.readouterr().out
    assert kept(board) == []
    assert b"Aiko" not in json.dumps(board.shown("05-lamps")).encode()


@pytest.mark.usefixtures("wrong")
def test_consent_to_one_board_is_none_to_another(
    board: Running, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lab = Lab("05")
    lab.share(True)
    fail(lab)
    assert kept(board)
    with stand_in(status(204)) as (url, asked):
        be(monkeypatch, url, "t")
        capsys.readouterr()
        fail(lab)
        assert "May it see your progress" in capsys.readouterr().out
        assert sharing.SENDER.wait(60)
        assert asked == []


def test_share_takes_an_answer_and_nothing_else(board: Running) -> None:
    for wrong_answer in ("yes", 1, None):
        with pytest.raises(ValueError, match=r"lab\.share\(True\)"):
            Lab("05").share(wrong_answer)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"lab\.share\(True\)"):
        Lab("05").share(True, forget=True)
    assert kept(board) == []


# ---- never code


@pytest.mark.usefixtures("wrong")
def test_no_code_and_no_value_reaches_the_board(
    board: Running, learner_notebook: Callable[..., Path], course_dir: Path
) -> None:
    Lab("05").share(True)
    path = learner_notebook((f"# MY-OWN-CODE, too\n{SOURCE}", ["task-5.1"]), ("1 / 0  # MY-OWN-CODE", ["check-5.1"]))
    states = {result.task_id: result for result in run_lab("05", path)}
    assert states["5.1"].state == "failed"
    assert "MY-OWN-CODE" in states["5.1"].message, "the learner sees it"
    # The kernel has ended: what it could not send in its last moment waits, and the next check sends it.
    fail(Lab("05"))
    assert kept(board)[0]["message"] == "The total is wrong."
    assert waiting(course_dir) == []
    stored = board.stored()
    assert b"The total is wrong." in stored
    for word in (b"MY-OWN-CODE", b"handler", b"total_yen", b"1200"):
        assert word not in stored


# ---- a board that is away, slow or strange


def test_a_board_that_is_away_gets_it_later(
    course_dir: Path, wrong: dict[str, object], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    from serverless_first.teach.board import Keys

    be(monkeypatch, f"http://127.0.0.1:{port}/board/", Keys.open(course_dir / "board").student("Aiko"))
    lab = Lab("05")
    lab.share(True)
    fail(lab)
    fail(lab)
    assert len(waiting(course_dir)) == 2
    with running(course_dir / "board", port=port) as board:
        wrong["hikari-total"] = {"total_yen": 2400}
        lab.check("5.1")  # wakes the thread
        (state,) = kept(board)
        assert (state["passed"], state["tries"]) == (1, 3)
        assert len(board.ask("api/mine", board.keys.student("Aiko")).json["checks"]) == 3
    assert waiting(course_dir) == []
    capsys.readouterr()
    lab.progress()
    assert "does not answer" not in capsys.readouterr().out


def test_a_board_that_takes_for_ever_holds_no_check_up(
    wrong: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, let_go = threading.Event(), threading.Event()

    def hang(handler: BaseHTTPRequestHandler) -> None:
        reached.set()
        let_go.wait(60)
        status(204)(handler)

    with stand_in(hang) as (url, asked):
        be(monkeypatch, url, "t")
        lab = Lab("05")
        lab.share(True)
        fail(lab)
        assert reached.wait(60)
        wrong["hikari-total"] = {"total_yen": 2400}
        lab.check("5.1")
        assert len(asked) == 1, "two checks have ended while the board still holds the first"
        let_go.set()
        assert sharing.SENDER.wait(60)


@pytest.mark.usefixtures("wrong")
def test_a_token_that_the_board_does_not_know_is_told_and_nothing_is_lost(
    board: Running, course_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(sharing.TOKEN, "student.QWlrbw.forged")
    lab = Lab("05")
    lab.share(True)
    fail(lab)
    assert sharing.SENDER.wait(60)
    lab.progress()
    assert "does not recognize your token" in capsys.readouterr().out
    monkeypatch.setenv(sharing.TOKEN, board.keys.student("Aiko"))
    fail(lab)
    assert kept(board)[0]["tries"] == 2
    assert waiting(course_dir) == []


@pytest.mark.usefixtures("wrong")
def test_a_redirect_is_not_followed_since_it_would_take_the_token_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    reached = threading.Event()

    def redirect(handler: BaseHTTPRequestHandler) -> None:
        status(302, Location=elsewhere)(handler)
        reached.set()

    with stand_in(status(204)) as (elsewhere, taken), stand_in(redirect) as (url, asked):
        be(monkeypatch, url, "t")
        lab = Lab("05")
        lab.share(True)
        fail(lab)
        assert reached.wait(60)
        lab.share(False, forget=True)
        assert sharing.SENDER.wait(60)
        assert [each.split()[0] for each in asked][:: len(asked) - 1] == ["POST", "DELETE"]
        assert taken == []


@pytest.mark.parametrize("url", ["", "ftp://127.0.0.1/", "127.0.0.1:8766", "http://[", "http:///board", "http://ü/"])
@pytest.mark.usefixtures("wrong")
def test_an_address_that_is_none_is_no_board(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    be(monkeypatch, url, "t")
    assert sharing.board() is None
    fail(Lab("05"))


@pytest.mark.parametrize("note", [1, [], "yes", {}, {"board": 1}, {"agreed": "yes"}, None])
@pytest.mark.usefixtures("wrong")
def test_a_note_that_is_no_answer_is_no_consent(board: Running, course_dir: Path, note: object) -> None:
    fail(Lab("05"))
    file = course_dir / "work" / "progress.json"
    data = json.loads(file.read_text(encoding="utf-8"))
    if isinstance(note, dict) and "agreed" in note:
        note = {**note, "board": board.url}
    file.write_text(json.dumps({**data, "sharing": note}), encoding="utf-8")
    fail(Lab("05"))
    Lab("05").progress()
    assert kept(board) == []


@pytest.mark.usefixtures("wrong")
def test_a_queue_that_cannot_be_written_fails_no_check(board: Running, course_dir: Path) -> None:
    Lab("05").share(True)
    assert sharing.SENDER.wait(60)
    folder = course_dir / "work" / ".board"
    if folder.exists():
        folder.rmdir()
    folder.write_text("no folder", encoding="utf-8")
    fail(Lab("05"))
    assert kept(board) == []


@pytest.mark.usefixtures("wrong")
def test_a_torn_file_in_the_queue_is_passed_over(board: Running, course_dir: Path) -> None:
    lab = Lab("05")
    lab.share(True)
    assert sharing.SENDER.wait(60)
    folder = course_dir / "work" / ".board"
    folder.mkdir(exist_ok=True)
    for name, text in (
        ("0", "{"),
        ("1", "[]"),
        ("2", '{"board": 1}'),
        ("3", '{"board": "http://other/", "event": {}}'),
    ):
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
    fail(lab)
    assert kept(board)[0]["tries"] == 1
    assert waiting(course_dir) == []
