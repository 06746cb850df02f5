"""The board: what an instructor sees, and what a student can and cannot do with a token."""

from __future__ import annotations

import contextlib
import csv
import io
import socket
import stat
import sys
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from tests.unit.board_kit import NAMES, Running, a_class, event, names, running

from serverless_first.cli import main
from serverless_first.teach.board import addresses, server
from serverless_first.teach.board.keys import BadName, Keys, Who
from serverless_first.teach.board.roster import BadRoster, read_students
from serverless_first.teach.board.server import LARGEST_BODY
from serverless_first.teach.board.store import MOST_CHECKS

ROOT = Path(__file__).resolve().parents[2]
FOR_INSTRUCTORS = ("api/board", "api/board?module=05-rds-proxy", "checks.csv", "grades.csv")


@pytest.fixture(scope="module", autouse=True)
def _the_course() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SERVERLESS_FIRST_ROOT", str(ROOT))
        yield


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path / "board") as found:
        yield found


@pytest.fixture(scope="module")
def hundred(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A board on which 100 students have worked on module 05."""
    with running(tmp_path_factory.mktemp("hundred"), names(100)) as found:
        found.send_all(a_class(100))
        yield found


def tasks_of(board: Running, name: str) -> Any:
    return next(each["tasks"] for each in board.shown()["students"] if each["name"] == name)


def table(text: str) -> list[dict[str, str]]:
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:])))


# ---- what the instructor sees


def test_a_check_is_on_the_board_and_its_page_is_told_that_something_is_new(board: Running) -> None:
    before = board.shown()["version"]
    assert board.ask(f"api/board?module=05-rds-proxy&since={before}", board.keys.instructor()).status == 204
    assert board.send("Aiko", tries=2, hints=1).status == 204
    answer = board.ask(f"api/board?module=05-rds-proxy&since={before}", board.keys.instructor())
    assert answer.status == 200
    (student,) = answer.json["students"]
    state = student["tasks"]["5.1"]
    assert (student["name"], state["passed"], state["tries"], state["hints"]) == ("Aiko", False, 2, 1)


def test_who_has_tried_more_than_three_times_is_stuck_until_the_task_passes(board: Running) -> None:
    for tries in (1, 2, 3):
        board.send("Aiko", tries=tries)
    assert board.shown()["tasks"][0]["stuck"] == []
    board.send("Aiko", tries=4)
    (number,) = board.shown()["tasks"][0]["stuck"]
    assert number == board.shown()["students"][0]["number"]
    board.send("Aiko", tries=5, passed=True, message="")
    task = board.shown()["tasks"][0]
    assert (task["stuck"], task["passed"]) == ([], 1)


def test_the_most_frequent_message_counts_students_and_takes_no_notice_of_numbers(board: Running) -> None:
    for tries in range(1, 6):
        board.send("Aiko", tries=tries, message="search still pins.")
    for name, seats in (("Ben", 60), ("Chen", 45), ("Dana", 31)):
        board.send(name, message=f"The proxy takes {seats} of 60 seats.")
    first, second = board.shown()["tasks"][0]["messages"]
    assert (first["students"], first["times"]) == (3, 3)
    assert first["message"].startswith("The proxy takes ")
    assert (second["message"], second["students"], second["times"]) == ("search still pins.", 1, 5)


def test_checks_that_come_twice_or_in_another_order_come_to_the_same(board: Running) -> None:
    failed, passed = event(tries=1), event(tries=2, passed=True, message="")
    for each in (passed, failed, passed, failed):
        assert board.ask("api/progress", board.keys.student("Aiko"), method="POST", body=each).status == 204
    state = tasks_of(board, "Aiko")["5.1"]
    assert (state["passed"], state["tries"], state["message"]) == (True, 2, "")
    assert len(board.ask("api/mine", board.keys.student("Aiko")).json["checks"]) == 2


def test_practice_after_a_pass_makes_nobody_stuck(board: Running) -> None:
    board.send("Aiko", tries=2, passed=True, message="")
    board.send("Aiko", tries=9)
    state = tasks_of(board, "Aiko")["5.1"]
    assert (state["passed"], state["stuck"], state["tries"]) == (True, False, 2)


def test_a_hundred_students_are_all_there_and_add_up(hundred: Running) -> None:
    shown = hundred.shown()
    sent = a_class(100)
    assert {each["name"] for each in shown["students"]} == set(names(100))
    for task in shown["tasks"]:
        mine = [(name, each) for name, each in sent if each["task"] == task["id"]]
        passed = {name for name, each in mine if each["passed"]}
        stuck = {name for name, each in mine if each["tries"] == 4} - passed
        assert task["passed"] == len(passed)
        by_number = {each["number"]: each["name"] for each in shown["students"]}
        assert {by_number[number] for number in task["stuck"]} == stuck


def test_what_was_there_is_there_after_a_restart(tmp_path: Path) -> None:
    with running(tmp_path, ["Aiko", "Ben"]) as first:
        first.send("Aiko", passed=True, message="")
        before, token = first.shown(), first.keys.student("Aiko")
    with running(tmp_path, ["Aiko", "Ben"]) as second:
        after = second.shown()
        assert after["students"] == before["students"]
        assert after["version"] != before["version"]
        assert second.ask("api/mine", token).json["student"] == "Aiko"


def test_the_list_of_a_class_is_on_the_board_before_anybody_has_begun(tmp_path: Path) -> None:
    with running(tmp_path, ["Ben", "Aiko"]) as board:
        shown = board.shown()
        assert [(each["name"], each["tasks"]) for each in shown["students"]] == [("Aiko", {}), ("Ben", {})]
        assert sorted(each["number"] for each in shown["students"]) == [1, 2]


# ---- tokens: whose is whose


def test_each_address_of_the_instructor_refuses_students_strangers_and_forged_tokens(board: Running) -> None:
    student, other = board.keys.student("Aiko"), Keys(b"x" * 32)
    forged = ["", "instructor", "instructor..", other.instructor(), student.replace("student", "instructor", 1)]
    forged += ["instructor." + student.split(".", 1)[1], board.keys.instructor() + "A", board.keys.instructor()[:-1]]
    for path in FOR_INSTRUCTORS:
        assert board.ask(path, student).status == 403
        for token in forged:
            answer = board.ask(path, token)
            assert answer.status == 401, (path, token)
            assert "students" not in answer.text.replace("student's", "")
        assert board.ask(path, board.keys.instructor()).status == 200


def test_a_student_can_neither_read_nor_change_anothers(board: Running) -> None:
    board.send("Ben", tries=4, message="The total of Ben is wrong.")
    aiko, before = board.keys.student("Aiko"), tasks_of(board, "Ben")
    claimed = {"student": "Ben", "name": "Ben", "user": "Ben"}
    tried = [
        board.ask("api/mine", aiko),
        board.ask("api/mine?student=Ben", aiko),
        board.ask("api/mine/Ben", aiko),
        board.ask("api/mine", aiko, method="DELETE", body=claimed),
        board.ask("api/mine?student=Ben", aiko, method="DELETE"),
        board.ask("api/progress", aiko),
        board.ask("api/progress", aiko, method="DELETE"),
        board.ask("api/progress?student=Ben", aiko, method="POST", body=event(tries=9)),
        *(board.ask("api/progress", aiko, method="POST", body={**event(), key: "Ben"}) for key in claimed),
        *(board.ask(path, aiko, method=m) for path in FOR_INSTRUCTORS for m in ("GET", "POST", "PUT", "DELETE")),
        *(board.ask(path, aiko) for path in ("", "board.sqlite", "secret", "../secret", "%2e%2e/secret", "lock")),
    ]
    for answer in tried:
        assert "Ben" not in answer.text.replace("student's", ""), answer.text
    assert tasks_of(board, "Ben") == before
    own = board.ask("api/mine", aiko).json
    assert own["student"] == "Aiko"
    assert [each["tries"] for each in own["states"]] == [9], "the one that was taken is Aiko's own"


def test_a_check_that_another_has_sent_is_not_overwritten_by_its_id(board: Running) -> None:
    mine = event(tries=1)
    board.ask("api/progress", board.keys.student("Ben"), method="POST", body=mine)
    answer = board.ask("api/progress", board.keys.student("Aiko"), method="POST", body={**mine, "tries": 7})
    assert answer.status == 204
    assert tasks_of(board, "Ben")["5.1"]["tries"] == 1
    assert tasks_of(board, "Aiko")["5.1"]["tries"] == 7


def test_the_instructors_token_is_no_students(board: Running) -> None:
    for path, method in (("api/progress", "POST"), ("api/mine", "GET"), ("api/mine", "DELETE")):
        assert board.ask(path, board.keys.instructor(), method=method).status == 403
        assert board.ask(path, method=method).status == 401


def test_no_answer_sets_a_cookie_and_what_a_browser_sends_by_itself_opens_nothing(board: Running) -> None:
    board.send("Aiko")
    token = board.keys.instructor()
    # What a page of another program on this host, of a student's server, say, can have a browser send to the board.
    by_itself = [
        {"Cookie": f"serverless-first-board={token}; token={token}"},
        {"Cookie": f"token={token}", "Origin": "http://127.0.0.1:9999", "Sec-Fetch-Site": "same-site"},
        {"Referer": f"{board.url}?token={token}", "Origin": "null"},
        {"Authorization": f"Basic {token}"},
        {"Host": "board.evil.example", "Origin": "http://board.evil.example", "Sec-Fetch-Site": "same-origin"},
    ]
    for headers in by_itself:
        for path in (*FOR_INSTRUCTORS, f"api/board?token={token}", f"grades.csv?token={token}"):
            answer = board.ask(path, headers=headers)
            assert answer.status == 401
            assert "Aiko" not in answer.text
        assert board.ask("api/mine", method="DELETE", headers=headers).status == 401
        assert board.ask("", method="POST", raw=f"token={token}".encode(), headers=headers).status == 405
    everything = [
        *(board.ask(path, who) for path in ("", *FOR_INSTRUCTORS) for who in ("", token, board.keys.student("Aiko"))),
        *(board.ask(path) for path in (f"?token={token}", "board.js", "board.css", "nothing")),
        board.ask("", method="POST", raw=f"token={token}".encode()),
    ]
    for answer in everything:
        assert answer.headers["Set-Cookie"] is None
        assert not any(name.startswith("Access-Control-") for name in answer.headers)


def test_a_page_of_another_origin_is_not_let_send_a_token_of_its_own(board: Running) -> None:
    asks_first = {"Origin": "http://127.0.0.1:9999", "Access-Control-Request-Headers": "authorization"}
    answer = board.ask("api/board", method="OPTIONS", headers={**asks_first, "Access-Control-Request-Method": "GET"})
    assert answer.status == 405
    assert answer.headers["Access-Control-Allow-Origin"] is None


def test_the_page_is_the_same_for_everybody_and_holds_nothing_of_anybody(board: Running) -> None:
    board.send("Aiko")
    pages = [board.ask("", token) for token in ("", "wrong", board.keys.student("Aiko"), board.keys.instructor())]
    assert {page.status for page in pages} == {200}
    (text,) = {page.text for page in pages}
    assert "Aiko" not in text


def test_a_student_removes_what_is_their_own(board: Running) -> None:
    board.send("Aiko")
    board.send("Ben")
    assert board.ask("api/mine", board.keys.student("Aiko"), method="DELETE").json == {"removed": 1}
    assert [each["name"] for each in board.shown()["students"]] == ["Ben"]
    assert board.ask("api/mine", board.keys.student("Aiko")).json["checks"] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_token_says_whose_it_is(name: str) -> None:
    keys = Keys(b"k" * 32)
    assert keys.who(keys.student(name)) == Who("student", name)
    assert Keys(b"l" * 32).who(keys.student(name)) is None


@pytest.mark.parametrize("name", ["", "  ", "x" * 201])
def test_no_token_for_no_name(name: str) -> None:
    with pytest.raises(BadName):
        Keys(b"k" * 32).student(name)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_secret_and_database_are_their_owners_alone(board: Running) -> None:
    board.send("Aiko")
    for file in ("secret", "board.sqlite", "board.sqlite-wal"):
        assert stat.S_IMODE((board.folder / file).stat().st_mode) == 0o600, file


# ---- what it takes


@pytest.mark.parametrize(
    "wrong",
    [
        *({"code": "def handler(event, context): ..."}, {"source": "x"}, {"module": "99-none"}, {"task": "0.1"}),
        *(
            {"passed": 1},
            {"tries": -1},
            {"tries": True},
            {"tries": 1.5},
            {"tries": 10**9},
            {"hints": 4},
            {"hints": "1"},
        ),
        *({"message": "x" * 401}, {"message": None}, {"message": "\ud800"}, {"when": "yesterday"}, {"id": "1"}),
    ],
    ids=lambda wrong: str(wrong)[:30],
)
def test_what_no_check_sends_is_refused_by_name_and_not_kept(board: Running, wrong: dict[str, object]) -> None:
    answer = board.send("Aiko", **wrong)
    assert answer.status == 400
    assert next(iter(wrong)) in answer.json["error"]
    assert board.shown()["students"] == []


def test_no_json_and_too_much_are_refused(board: Running) -> None:
    token = board.keys.student("Aiko")
    for raw in (b"{", b"[]", b"\xff", b"[" * 7000, b"null"):
        assert board.ask("api/progress", token, method="POST", raw=raw).status == 400
    with contextlib.suppress(OSError):  # the connection is closed while we are still sending: refused as well
        assert board.ask("api/progress", token, method="POST", raw=b"x" * (LARGEST_BODY + 1)).status in (400, 413)
    assert board.send("Aiko").status == 204


def test_one_student_cannot_fill_the_disk_and_the_state_goes_on(board: Running) -> None:
    from serverless_first.teach.board.event import Event
    from serverless_first.teach.board.store import Store

    store = Store(board.folder.parent / "full")
    for tries in range(1, MOST_CHECKS + 11):
        store.record("Aiko", Event(f"{tries:032x}", "05-rds-proxy", "5.1", False, tries, 0, "m", "2026-11-25"))
    assert len(store.checks()) == MOST_CHECKS
    assert store.states()[0]["tries"] == MOST_CHECKS + 10
    store.close()


def test_a_loop_of_one_student_is_told_to_wait_and_keeps_nobody_else_out(
    board: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr(server, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    one = event()
    board.send_all([("Aiko", one)] * server.AT_ONCE)
    assert board.send("Aiko").status == 429
    assert board.send("Ben").status == 204
    clock[0] += 1
    board.send_all([("Aiko", one)] * server.PER_S)
    assert board.send("Aiko").status == 429
    assert len(board.ask("api/mine", board.keys.student("Aiko")).json["checks"]) == 1


def test_who_opens_connections_and_says_little_holds_none_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "IDLE_S", 0.2)
    with running(tmp_path / "board") as board:
        place = urllib.parse.urlsplit(board.url)
        head = b"POST /board/api/progress HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n"
        with contextlib.ExitStack() as held:
            socks = []
            for said in (b"", b"GET /board/", head, head + b"\r\n{"):
                sock = held.enter_context(socket.create_connection((str(place.hostname), place.port), timeout=30))
                sock.sendall(said)
                socks.append(sock)
            assert board.send("Aiko").status == 204, "while they wait"
            for sock in socks:
                with contextlib.suppress(ConnectionResetError):
                    while sock.recv(1000):  # until the board closes it; 30 s without an answer is an error
                        pass


@pytest.mark.parametrize("prefix", ["/a(b/", "/c++/", "/user/ann.x/", "/"])
def test_any_path_can_stand_in_front(tmp_path: Path, prefix: str) -> None:
    with running(tmp_path / "board", prefix=prefix) as board:
        assert board.send("Aiko").status == 204
        assert board.ask("../" if prefix != "/" else "x", board.keys.instructor()).status in (302, 404)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
@pytest.mark.parametrize("way", ["readable", "a link"])
def test_a_secret_that_somebody_else_may_know_opens_no_board(tmp_path: Path, way: str) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    laid = folder / "secret" if way == "readable" else tmp_path / "theirs"
    laid.write_text("ab" * 32, encoding="ascii")
    laid.chmod(0o644 if way == "readable" else 0o600)
    if way == "a link":
        (folder / "secret").symlink_to(laid)
    result = CliRunner().invoke(main, ["board", "--port", "0", "--folder", str(folder)])
    assert (result.exit_code, result.output.count("\n")) == (1, 1), result.output
    assert "secret does not belong only to you" in result.output


def test_an_address_for_students_names_this_machine_and_not_all_of_them() -> None:
    assert addresses.name_of_this_machine("127.0.0.1") == "127.0.0.1"
    assert addresses.name_of_this_machine("::1") == "[::1]"
    at_home = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "[::1]", "192.0.2.7": "192.0.2.7", "fe80::1": "[fe80::1]"}
    assert {host: addresses.from_this_machine(host) for host in at_home} == at_home
    for everywhere in ("0.0.0.0", "::", ""):
        found = addresses.name_of_this_machine(everywhere)
        assert found not in ("0.0.0.0", "[::]", "::", "")
        assert ":" not in found or found.startswith("[")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_tokens_are_written_for_their_owner_alone_whatever_lay_there(tmp_path: Path) -> None:
    from serverless_first.cli import board as cli_board

    theirs = tmp_path / "theirs"
    theirs.write_text("mine", encoding="ascii")
    for number, is_link in enumerate((True, False)):
        file = tmp_path / f"tokens-{number}.csv"
        if is_link:
            file.symlink_to(theirs)
        else:
            file.write_text("old", encoding="ascii")
        cli_board._write_tokens(file, "http://x/", ["Aiko"], Keys(b"k" * 32))
        assert "Aiko" in file.read_text(encoding="utf-8")
        assert not file.is_symlink()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert theirs.read_text(encoding="ascii") == "mine"


# ---- names and messages that could do harm


def test_pages_are_told_to_run_and_load_nothing_from_elsewhere(board: Running) -> None:
    for path in ("", "api/board", "checks.csv", "board.js", "board.css", "nothing"):
        headers = board.ask(path, board.keys.instructor()).headers
        assert "default-src 'none'; script-src 'self'" in headers["Content-Security-Policy"]
        assert "form-action 'none'; frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
    assert "innerHTML" not in board.ask("board.js").text
    assert board.ask("api/board", board.keys.instructor()).headers["Content-Type"].startswith("application/json")


def test_grades_have_every_student_and_run_in_no_spreadsheet(hundred: Running) -> None:
    rows = table(hundred.ask("grades.csv", hundred.keys.instructor()).text)
    mine = [row for row in rows if row["assignment"] == "05-rds-proxy"]
    assert len(mine) == 100
    assert {row["student_id"] for row in mine} == {"'=HYPERLINK(1)", *names(100)} - {"=HYPERLINK(1)"}
    passed = {name for name, each in a_class(100) if each["passed"] and each["task"] == "5.1"}
    assert {row["student_id"].lstrip("'") for row in mine if "5.1" in row["tasks_passed"]} == passed
    assert {row["max_score"] for row in mine} == {"4"}
    assert {row["score"] for row in rows if row["assignment"] == "04-lambda-and-rdbms"} == {"0"}


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "＝1", "=cmd|' /C calc'!A0"])
def test_no_cell_of_a_csv_begins_as_a_formula(board: Running, name: str) -> None:
    board.send(name, message="=1+1")
    for file in ("grades.csv", "checks.csv"):
        for row in table(board.ask(file, board.keys.instructor()).text):
            assert not any(cell.startswith(tuple("=+-@＝")) for cell in row.values())


def test_checks_without_names_hold_no_name_no_time_and_another_number_each_time(hundred: Running) -> None:
    texts = {hundred.ask("checks.csv", hundred.keys.instructor()).text for _ in range(3)}
    assert len(texts) == 3
    for text in texts:
        rows = table(text)
        assert len(rows) == len(a_class(100))
        assert set(rows[0]) == {"student", "module", "task", "try", "passed", "hints", "message"}
        assert not any(name in text for name in NAMES if name != "Noor")
        assert "2026-" not in text
        assert {row["message"] for row in rows if row["passed"] == "yes"} == {""}


# ---- the list of a class, and the command


def test_a_list_is_read_with_and_without_a_heading(tmp_path: Path) -> None:
    file = tmp_path / "names.csv"
    for text in ("Aiko\n佐藤 さくら\n", "name\nAiko\n佐藤 さくら\n", "group,name\n1,Aiko\n1,佐藤  さくら\n\n"):
        file.write_text("\ufeff" + text, encoding="utf-8")
        assert read_students(file) == ["Aiko", "佐藤 さくら"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "has no names"),
        (b"name\n", "has no names"),
        (b"Aiko\nBen\nAiko\n", "'Aiko' twice"),
        (b"name,group\n,1\n", "entry 2: A student's name is empty"),
        ("Åsa".encode("latin-1"), "not UTF-8"),
        (None, "cannot be read: No such file"),
    ],
)
def test_a_list_that_cannot_be_used_says_why_and_starts_nothing(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    file = tmp_path / "names.csv"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(BadRoster, match=said):
        read_students(file)
    result = CliRunner().invoke(main, ["board", "--students", str(file), "--folder", str(tmp_path / "b")])
    assert (result.exit_code, result.output.count("\n")) == (1, 1)
    assert said in result.output
    assert not (tmp_path / "b").exists()


def test_a_port_or_a_folder_in_use_and_a_broken_secret_say_so_in_one_line(board: Running, tmp_path: Path) -> None:
    from filelock import FileLock

    def call(*more: str) -> str:
        result = CliRunner().invoke(main, ["board", *more])
        assert (result.exit_code, result.output.count("\n")) == (1, 1), result.output
        return result.output

    port = board.url.split(":")[2].split("/")[0]
    assert f"Port {port} on 127.0.0.1 cannot be used" in call("--port", port, "--folder", str(tmp_path / "other"))
    with FileLock(board.folder / "lock"):
        assert "is already running on" in call("--port", "0", "--folder", str(board.folder))
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "secret").write_text("half", encoding="ascii")
    (tmp_path / "torn" / "secret").chmod(0o600)
    assert "does not hold a secret" in call("--port", "0", "--folder", str(tmp_path / "torn"))
