"""A class as students see it in headless Chromium: a lab, the board, and a student who attacks the others."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import requests
from tools.journey import through_lab

from serverless_first import course
from serverless_first.bench.lab_page import READY_MS, OpenLab, note_kernel
from serverless_first.course.chromium import missing

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(
        sys.platform == "win32" or importlib.util.find_spec("jupyterhub") is None or bool(missing()),
        reason="needs Chromium and the extra `class`, which is not for Windows",
    ),
]
if importlib.util.find_spec("jupyterhub") is not None and sys.platform != "win32":
    from tests.classroom.class_kit import NETWORK, seat, sign_in
if TYPE_CHECKING:
    from serverless_first.teach.classroom.running import Running

# A student's server runs the student's code, so it can send any page to anyone who opens its address.
ATTACK = """
import json
from jupyter_server.serverapp import ServerWebApplication
from tornado.web import RequestHandler

class Page(RequestHandler):
    def get(self):
        self.write("<!doctype html><title>My lamps</title><script>headers = " + json.dumps(dict(self.request.headers))
                   + "</script>")

before = ServerWebApplication.init_handlers
ServerWebApplication.init_handlers = lambda *a: [(r"/user/[^/]+/lamps", Page), *before(*a)]
"""
READ = """async url => {
    try { const answer = await fetch(url, {credentials: "include"}); return answer.status + " " + await answer.text(); }
    catch (error) { return "blocked"; }
}"""
TOSS = """([domain]) => {  // a host may set cookies for the domain above it, which hubs then read as their own
    for (const name of ["_xsrf", "jupyterhub-session-id"])
        document.cookie = `${name}=tossed; domain=${domain}; path=/hub/`;
    return "tossed";
}"""
ASK_FOR_A_TOKEN = """async ([page, url]) => {
    let xsrf = "";
    try { xsrf = /xsrf_token: "([^"]+)"/.exec(await (await fetch(page, {credentials: "include"})).text())[1]; }
    catch (error) { xsrf = "tossed"; }
    for (const [mode, type] of [["cors", "application/json"], ["no-cors", "text/plain"]]) {
        const headers = {"Content-Type": type};
        const options = {method: "POST", mode, headers, credentials: "include", body: '{"note": "stolen"}'};
        try { await fetch(`${url}?_xsrf=${xsrf}`, options); } catch (error) { }
    }
}"""


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    """A page of a browser that nobody has used."""
    context = chromium.new_context(viewport={"width": 1280, "height": 1000})
    opened = context.new_page()
    opened.set_default_timeout(READY_MS)
    yield opened
    context.close()


def test_a_student_fails_and_passes_a_check_and_the_board_shows_it(the_class: Running, page: Any) -> None:
    student = the_class.people.students[0]
    sign_in(page, the_class, "7QKM-2F9D")
    assert "No card has the code 7QKM-2F9D." in page.get_by_role("alert").inner_text()
    page.get_by_label("The code of your card").fill(student.code.lower().replace("-", " "))
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Your lab is starting").wait_for()
    assert page.locator("#stop-server-btn, .btn-danger").count() == 0

    page.wait_for_url(f"**/user/{student.account}/lab**")
    seat = "/".join(page.url.split("/")[:3])
    assert urlsplit(seat).hostname == f"{student.account}.localhost"
    lab = OpenLab(page, the_class.plan.home(student.account) / "work")
    page.on("websocket", lambda line: note_kernel(lab, line))
    page.goto(f"{seat}/user/{student.account}/lab/tree/00-start-here/00-lab.ipynb")
    tried = through_lab(lab, "00-start-here", lambda source: source.replace("return {", "_ = {"), lambda *_: None)
    assert "returned nothing" in tried.wrong
    (task, *_) = course.load().module("00-start-here").tasks
    assert f"{task.id} passed" in tried.right
    lab.add_cell(lab.number_of("lab.progress()"), "lab.share(True)")

    board = page.context.new_page()
    board.goto(the_class.board)
    board.get_by_label("Module").select_option("00-start-here")
    board.get_by_role("switch", name="Show names").check()
    row = board.locator("#students li").filter(has_text=student.name)
    row.locator(f'.cell.passed[aria-label^="{task.id} passed"]').wait_for()


def test_the_administrator_stops_a_server_that_hangs(the_class: Running, page: Any) -> None:
    ken = seat(the_class, 1)
    ken.sign_in()
    ken.start_server()
    administrator = the_class.people.by_account("administrator")
    assert administrator is not None
    sign_in(page, the_class, administrator.code)
    page.wait_for_url("**/hub/admin")
    row = page.locator("tr").filter(has_text=ken.student.account)
    row.get_by_role("button", name="Stop Server").click()
    row.get_by_role("button", name="Stop Server").wait_for(state="detached")
    with pytest.raises(requests.HTTPError, match="424"):
        ken.kernel()


def steal(page: Any, now: Running) -> dict[str, bool]:
    """What a page of student-02 gets, opened in this browser by student-01: each theft, and whether it works."""
    victim, thief = (person.account for person in now.people.students)
    hub, shared = now.address, now.plan.place.shared_origin
    host = urlsplit(hub)
    of_thief = hub if shared else f"http://{thief}.{host.hostname}:{host.port}"
    page.goto(f"{of_thief}/user/{thief}/lamps")
    assert page.title() == "My lamps"
    assert victim not in page.evaluate("headers").get("Cookie", "")
    read = {
        "read the hub": f"{hub}/hub/home",
        "read the hub under the own name": f"{of_thief}/hub/home",
    }
    worked = {name: page.evaluate(READ, url).startswith("200") for name, url in read.items()}
    if not shared:
        page.evaluate(TOSS, [host.hostname])
    for there in (hub, of_thief):
        page.evaluate(ASK_FOR_A_TOKEN, [f"{there}/hub/home", f"{there}/hub/api/users/{victim}/tokens"])
    with closing(sqlite3.connect(f"file:{now.plan.folder}/hub/hub.sqlite?mode=ro", uri=True)) as hubs:
        (tokens,) = hubs.execute("select count(*) from api_tokens where note = 'stolen'").fetchone()
    return worked | {"make a token": tokens > 0}


@pytest.mark.parametrize("name", ["localhost", NETWORK, None])
def test_a_page_of_one_student_cannot_act_as_another_unless_all_share_an_origin(
    folder: Path, page: Any, name: str | None
) -> None:
    from serverless_first.teach.classroom import ports
    from serverless_first.teach.classroom.running import running

    with contextlib.ExitStack() as undo:  # free at this moment
        port, board_port = ports.hold(undo), ports.hold(undo)
    address = f"http://{name}:{port}" if name else None
    with running(
        folder / f"attack-{name}", ["Ann", "Bob"], port=port, board_port=board_port, memory_mb=1400,
        address=address, shared_origin=name is None,
    ) as now:  # fmt: skip
        bob = seat(now, 1)
        settings = now.plan.home(bob.student.account) / ".settings" / "jupyter"
        settings.mkdir(parents=True)
        (settings / "jupyter_server_config.py").write_text(ATTACK, encoding="utf-8")
        for path in (settings.parent, *settings.parent.rglob("*")):
            os.chown(path, *[now.plan.numbers.get(bob.student.account, -1)] * 2)
        bob.sign_in()
        bob.start_server()
        sign_in(page, now, now.people.students[0].code)
        page.wait_for_url("**/user/student-01/lab**")
        worked = steal(page, now)
    assert set(worked.values()) == {name is None}, worked  # under one origin all of it works, as docs/class.md says
