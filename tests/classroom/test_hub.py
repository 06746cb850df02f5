"""A class of two, over HTTP as browsers do it: signing in, a seat each, nothing of another, nothing left behind."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import select
import subprocess
import sys
import time
import urllib.parse
from pathlib import Path

import psutil
import pytest
import requests

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(
        sys.platform == "win32" or importlib.util.find_spec("jupyterhub") is None,
        reason="needs the extra `class`, which is not for Windows",
    ),
]
if importlib.util.find_spec("jupyterhub") is not None and sys.platform != "win32":
    from tests.classroom.class_kit import NAMES, seat
    from tools.class_load import Seat

    from serverless_first.teach.classroom.running import CannotTeach, Running, running


def test_a_code_opens_a_seat_with_the_course_in_it_and_no_other(the_class: Running) -> None:
    ken = seat(the_class, 1)
    ken.sign_in()
    ken.start_server()
    home = the_class.plan.home(ken.student.account)
    assert (home / "work" / "05-rds-proxy" / "05-lab.ipynb").is_file()
    assert home.stat().st_mode & 0o077 == 0
    listed = ken.http.get(f"{ken.base}/api/contents/05-rds-proxy", timeout=60).json()
    assert {"05-lesson.ipynb", "05-lab.ipynb"} <= {entry["name"] for entry in listed["content"]}
    if sys.platform == "linux" and os.geteuid() == 0:  # the hub goes last, and a seat before what else runs here
        below = psutil.Process(the_class.hub.pid).children(recursive=True)
        own = [process.pid for process in below if "serverless_first.teach.classroom.seat_server" in process.cmdline()]
        hub, *seats = [int(Path(f"/proc/{pid}/oom_score_adj").read_text()) for pid in (the_class.hub.pid, *own)]
        assert hub in (-900, 0)  # a container may not let even root say -900
        assert set(seats) == {500}
    other = ken.http.get(f"{ken.address}/user/student-01/api/contents", timeout=60)
    assert other.status_code in (403, 404, 424, 503)
    assert "content" not in other.text[:20]
    assert ken.http.get(f"{ken.address}/hub/api/users", timeout=60).status_code == 403


def test_the_board_is_no_part_of_the_hub_and_a_seat_sends_to_it(the_class: Running) -> None:
    opened = urllib.parse.urlsplit(the_class.board)
    assert (opened.hostname, opened.port, opened.path) == ("127.0.0.1", the_class.plan.place.board_port, "/board/")
    assert opened.port != the_class.plan.place.port  # an origin of its own
    board, token = opened._replace(fragment="").geturl(), opened.fragment.removeprefix("token=")
    ken = seat(the_class, 1)
    ken.sign_in()
    assert ken.http.get(f"{ken.address}/services/board/", timeout=60).status_code == 404
    with requests.Session() as browser:
        browser.cookies.update(ken.http.cookies)  # browsers send them to each port of a host
        page = browser.get(board, timeout=60)  # it answers at once: the class said so
        assert page.status_code == 200
        assert "Set-Cookie" not in page.headers
        assert browser.get(f"{board}api/board", timeout=60).status_code == 401
        listed = browser.get(f"{board}api/board", headers={"Authorization": f"Bearer {token}"}, timeout=60).json()
    assert {student["name"] for student in listed["students"]} == set(NAMES)
    log = (the_class.plan.folder / "hub" / "hub.log").read_text(encoding="utf-8")
    assert board in log
    assert token not in log
    ken.start_server()
    channel = ken.kernel()
    code = """
import json, os, urllib.request
from pathlib import Path
url, token = (os.environ["SERVERLESS_FIRST_BOARD_" + name] for name in ("URL", "TOKEN"))
asked = urllib.request.Request(url + "api/mine", headers={"Authorization": "Bearer " + token})
Path("mine.json").write_text(json.dumps([url, json.load(urllib.request.urlopen(asked))["student"]]))
"""
    assert ken.run(channel, code) == ""
    channel.close()
    assert ken.file("00-start-here/mine.json") == [board, "Tanaka, Ken"]


def test_a_wrong_code_opens_nothing(the_class: Running) -> None:
    nobody = seat(the_class, 0)
    nobody.student.code = " 2222-2222<b>"
    with pytest.raises(requests.HTTPError, match="403") as refused:
        nobody.sign_in()
    assert refused.value.response is not None
    said = refused.value.response.text
    assert "No card has the code 2222-2222&lt;b&gt;." in said
    assert "password" not in said.replace('name="password"', "")
    log = (the_class.plan.folder / "hub" / "hub.log").read_text(encoding="utf-8")
    assert "2222-2222" not in log  # a mistyped code is nearly a code


def test_the_instructors_account_has_no_power_over_others_and_the_administrators_stops_servers_alone(
    the_class: Running,
) -> None:
    ken, instructor, administrator = seat(the_class, 1), seat(the_class, "instructor"), seat(the_class, "administrator")
    ken.sign_in()
    ken.start_server()
    instructor.sign_in()  # which starts the instructor's own server
    administrator.sign_in()
    api = f"{the_class.address}/hub/api"

    def ask(person: Seat, method: str, path: str) -> tuple[int, str]:
        """The hub's answer to a request of its own page, with the token against forged requests."""
        page = person.http.get(f"{the_class.address}/hub/home", timeout=60).text
        token = re.search(r'xsrf_token: "([^"]+)"', page)
        assert token
        headers = {"Referer": f"{the_class.address}/hub/home"}
        answer = person.http.request(
            method, f"{api}/{path}", params={"_xsrf": token.group(1)}, headers=headers, timeout=120
        )
        return answer.status_code, answer.text

    server = "users/student-02/server"
    for method, path in (("GET", "users"), ("GET", "users/student-02"), ("DELETE", server), ("POST", "shutdown")):
        status, text = ask(instructor, method, path)
        assert status in (403, 404), (method, path, text)
        assert re.search("scopes|No access|Missing or invalid credentials|not found", text), (method, path, text)
    for method, path in (("POST", "shutdown"), ("POST", "users/student-02/tokens"), ("POST", server)):
        status, text = ask(administrator, method, path)
        assert status in (403, 404), (method, path, text)
        assert "XSRF" not in text
    opened = administrator.http.get(f"{ken.base}/api/contents", timeout=60)
    assert "notebooks" not in opened.text
    assert ask(administrator, "GET", "users")[0] == 200
    assert administrator.http.get(f"{the_class.address}/hub/admin", timeout=60).status_code == 200
    assert administrator.http.get(f"{the_class.address}/hub/spawn", timeout=60).status_code == 403  # it has no seat
    assert ask(administrator, "DELETE", server)[0] in (202, 204)


EAVESDROP = """
import sys, zmq
ears = zmq.Context().socket(zmq.SUB)
ears.subscribe(b"")
for endpoint in sys.argv[1:]:
    ears.connect(endpoint)
print("connected", flush=True)
while True:
    print(b"secret lamps" in b"".join(ears.recv_multipart()), flush=True)
"""


def eavesdrop(number: int, endpoints: list[str]) -> subprocess.Popen[str]:
    """A process of this user that listens to all that a kernel publishes; publishing asks nobody for a key."""
    listener = subprocess.Popen(
        [sys.executable, "-I", "-c", EAVESDROP, *endpoints],
        user=number, group=number, extra_groups=[], cwd="/", stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert listener.stdout is not None
    assert listener.stdout.readline() == "connected\n"
    return listener


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="needs root on Linux: accounts for seats")
def test_nobody_else_on_the_machine_hears_what_a_kernel_publishes(the_class: Running) -> None:
    ken = seat(the_class, 1)
    ken.sign_in()
    ken.start_server()
    channels = ken.kernel()
    assert ken.run(channels, "import os, pathlib; pathlib.Path('pid.json').write_text(str(os.getpid()))") == ""
    kernel = psutil.Process(ken.file("00-start-here/pid.json"))
    sockets = {str(pipe.laddr) for pipe in kernel.net_connections("unix") if pipe.laddr}
    assert len(sockets) >= 6  # shell, iopub, stdin, control, heartbeat, and the output of forked processes
    assert max(len(path.encode()) for path in sockets) <= 107
    endpoints = [f"ipc://{path}" for path in sockets]
    assert [port for port in kernel.net_connections("inet") if port.status == psutil.CONN_LISTEN] == []
    owner, other = (eavesdrop(the_class.plan.numbers[account], endpoints) for account in ("student-02", "student-01"))
    try:
        assert owner.stdout is not None
        for _ in range(50):  # a subscription takes a moment to arrive
            assert ken.run(channels, "print('secret lamps')") == ""
            if select.select([owner.stdout], [], [], 0.2)[0]:
                break
        assert "True\n" in iter(owner.stdout.readline, "")
        for _ in range(5):
            assert ken.run(channels, "print('secret lamps')") == ""
        other.kill()
        assert other.communicate()[0] == ""
    finally:
        for listener in (owner, other):
            listener.kill()
            listener.wait()
        channels.close()


def test_with_tls_in_front_no_cookie_of_the_hub_goes_elsewhere_or_comes_from_a_seat(folder: Path) -> None:
    with running(folder / "tls", NAMES[:1], port=0, memory_mb=1400, address="https://class.example") as now:
        hanako = seat(now, 0)
        hanako.sign_in()
        cookies = {cookie.name: cookie for cookie in hanako.http.cookies}
        hub = cookies["__Host-jupyterhub-hub-login"]
        assert (hub.secure, hub.path, hub.domain, hub.domain_specified) == (True, "/", "class.example", False)
        hanako.start_server()
        cookies = {cookie.name: cookie for cookie in hanako.http.cookies}
        own = cookies["__Host-jupyterhub-user-student-01"]
        assert (own.secure, own.path, own.domain) == (True, "/", "student-01.class.example")


def test_a_second_class_in_the_same_folder_and_on_the_same_port_is_refused(the_class: Running, folder: Path) -> None:
    with pytest.raises(CannotTeach, match="is already running in"), running(folder / "room", NAMES, port=0):
        pass
    taken = the_class.plan.place.port
    with pytest.raises(CannotTeach, match=f"Port {taken}"), running(folder / "other", ["Ken"], port=taken):
        pass
    taken = the_class.plan.place.board_port
    with (
        pytest.raises(CannotTeach, match=f"Port {taken} .*--board-port"),
        running(folder / "other", ["Ken"], port=0, board_port=taken),
    ):
        pass
    assert not (folder / "other" / "plan.json").exists()


def test_a_folder_that_was_there_keeps_its_rights_and_its_list(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    (tmp_path / "names.csv").write_text("name,mark\nKen,1\n", encoding="utf-8")
    with (
        pytest.raises(CannotTeach, match=r"Port 1 |cannot reach"),
        running(tmp_path, ["Ken"], port=1, host="192.0.2.1"),
    ):
        pass
    assert tmp_path.stat().st_mode & 0o777 == 0o750
    assert (tmp_path / "names.csv").read_text(encoding="utf-8") == "name,mark\nKen,1\n"


def test_a_hub_that_is_killed_leaves_nothing_behind_when_the_class_ends(folder: Path) -> None:
    with running(folder / "killed", NAMES[:1], port=0, memory_mb=1400) as now:
        hanako = seat(now, 0)
        hanako.sign_in()
        hanako.start_server()
        hub = psutil.Process(now.hub.pid)
        processes = hub.children(recursive=True)
        hub.kill()
        now.hub.wait()
        assert len([process for process in processes if process.is_running()]) >= 3  # a proxy, a board, a server
    assert psutil.wait_procs(processes, timeout=10)[1] == []


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="needs root on Linux: accounts for seats")
def test_a_proxy_that_is_killed_leaves_no_port_to_others_and_comes_back(folder: Path) -> None:
    from tests.unit.test_classroom_ports import take

    from serverless_first.lab.functions import wait_until

    with running(folder / "held", NAMES[:1], port=0, memory_mb=1400) as now:
        hanako, place = seat(now, 0), now.plan.place
        hanako.sign_in()
        hanako.start_server()
        proxies = [
            process
            for process in psutil.Process(now.hub.pid).children(recursive=True)
            if "serverless_first.teach.classroom.proxy" in process.cmdline()
        ]
        assert len(proxies) == 1
        if now.plan.groups:
            assert now.plan.groups.processes("proxy") == [proxies[0].pid]
            assert now.hub.pid in now.plan.groups.processes("hub")
        ports, hub = (place.port, place.board_port, *now.plan.ports), psutil.Process(now.hub.pid)
        hub.suspend()  # so that nobody listens for a while
        try:
            proxies[0].kill()
            assert wait_until(lambda: proxies[0].status() == psutil.STATUS_ZOMBIE, 10)
            assert [take(port) for port in ports] == [[]] * len(ports)
        finally:
            hub.resume()
        until_s = time.monotonic() + 60
        while True:
            assert [take(port) for port in ports] == [[]] * len(ports)
            try:
                answer = hanako.http.get(f"{hanako.base}/api/status", timeout=60)
            except requests.ConnectionError:
                assert time.monotonic() < until_s
                continue
            if answer.ok and answer.url.endswith("/api/status"):  # the hub has set the routes again
                break
            assert time.monotonic() < until_s
        assert now.hub.poll() is None


def test_two_students_have_clouds_that_do_not_collide(the_class: Running) -> None:
    code = """
import boto3, json
from pathlib import Path
from serverless_first import cloud
from serverless_first.shop import hikari
aws = cloud.start()
s3 = boto3.client("s3")
s3.create_bucket(Bucket="hikari")
s3.put_object(Bucket="hikari", Key=Path.cwd().parents[1].name, Body=b"mine")
database = hikari.database(aws, seats=20)
keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket="hikari")["Contents"]]
Path("found.json").write_text(json.dumps([keys, s3.meta.endpoint_url, aws.database_address("orders-db")[1]]))
"""
    seats, channels = [seat(the_class, number) for number in (0, 1)], []
    for each in seats:
        each.sign_in()
        each.start_server()
        channels.append(each.kernel())
        each.run(channels[-1], code, wait=False)
    found = []
    for each, channel in zip(seats, channels, strict=True):
        assert each.run(channel, "pass") == ""
        found.append(each.file("00-start-here/found.json"))
        channel.close()
    assert [keys for keys, _, _ in found] == [["student-01"], ["student-02"]]
    assert found[0][1] != found[1][1]
    assert found[0][2] != found[1][2]


def test_the_end_leaves_no_process_no_account_and_all_work_and_the_next_day_goes_on(folder: Path) -> None:
    room = folder / "next"
    with running(room, NAMES[:1], port=0, memory_mb=1400) as first:
        hanako = seat(first, 0)
        hanako.sign_in()
        hanako.start_server()
        work = first.plan.home("student-01") / "work"
        (work / "mine.txt").write_text("lamps", encoding="utf-8")
        processes = psutil.Process(first.hub.pid).children(recursive=True)
    assert psutil.wait_procs(processes, timeout=10)[1] == []
    assert not first.plan.temporary.exists()
    assert first.plan.groups is None or not any(root.exists() for root in first.plan.groups.roots.values())
    if first.plan.numbers:
        import pwd

        assert not {entry.pw_uid for entry in pwd.getpwall()} & set(first.plan.numbers.values())
        number = first.plan.numbers["student-01"]  # the next class may give it to one of its students
        home = first.plan.home("student-01")
        for path in (home, home / "work" / "mine.txt"):
            looked = subprocess.run(["/bin/ls", str(path)], user=number, group=number, extra_groups=[], check=False)
            assert looked.returncode != 0
    with running(room, [*NAMES[1:], *NAMES[:1]], port=0, memory_mb=1400) as second:
        again = seat(second, 1)
        assert (again.student.account, again.student.code) == (hanako.student.account, hanako.student.code)
        again.sign_in()
        again.start_server()
        answer = again.http.get(f"{again.base}/api/contents/mine.txt", timeout=60)
        assert json.loads(answer.text)["content"] == "lamps"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root gives each seat an account of its own")
def test_no_student_reaches_the_kernel_of_another(the_class: Running) -> None:
    where = """
import json
from pathlib import Path
from ipykernel.connect import get_connection_info
Path("channels.json").write_text(get_connection_info())
"""
    knock = """
import json, socket
from pathlib import Path
told = []
for path in PATHS:
    with socket.socket(socket.AF_UNIX) as stranger:
        try:
            stranger.connect(path)
            told.append("reached")
        except OSError as error:
            told.append(type(error).__name__)
Path("told.json").write_text(json.dumps(told))
"""
    first, second = seat(the_class, 0), seat(the_class, 1)
    channels = []
    for each in (first, second):
        each.sign_in()
        each.start_server()
        channels.append(each.kernel())
    first.run(channels[0], where)
    info = first.file("00-start-here/channels.json")
    assert info["transport"] == "ipc"
    paths = [f"{info['ip']}-{port}" for name, port in info.items() if name.endswith("_port")]
    told = []
    for each, channel in zip((first, second), channels, strict=True):
        each.run(channel, knock.replace("PATHS", repr(paths)))
        told.append(each.file("00-start-here/told.json"))
        channel.close()
    assert told == [["reached"] * 5, ["PermissionError"] * 5]
