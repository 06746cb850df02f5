"""What the course does otherwise on Windows and macOS, part by part; docs/platforms.md lists the parts.

engine/tests/test_other_systems.py runs the whole cloud this way.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from tests.unit.other_system import module_on

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="pretends on Linux")

ROOT = Path(__file__).resolve().parents[2]
PARENT = (
    "import subprocess, sys, time; c = subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(60)']); "
    "print(c.pid, flush=True); time.sleep(60)"
)
#: What tells systems apart in our code.
BRANCH = re.compile(
    r"sys\.platform|os\.name\b|platform\.system\(|psutil\.(WINDOWS|LINUX|MACOS|POSIX)|hasattr\((os|signal|socket|psutil)\b"
    r"|getattr\((os|subprocess|signal), |import (fcntl|resource|pwd|grp|msvcrt|termios)\b|_base_executable"
)


def alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:  # it may end while it is looked at
        return False


def eventually(condition: Any) -> None:
    end_s = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end_s
        time.sleep(0.01)


def test_every_branch_is_listed() -> None:
    listed = (ROOT / "docs" / "platforms.md").read_text(encoding="utf-8")
    files = {
        path.relative_to(ROOT).as_posix()
        for folder in ("src", "engine/src", "tools")
        for path in (ROOT / folder).rglob("*.py")
        if BRANCH.search(path.read_text(encoding="utf-8"))
    }
    shown = {file: file.removeprefix("src/serverless_first/").removeprefix("engine/src/") for file in sorted(files)}
    missing = [file for file, name in shown.items() if f"`{name}`" not in listed]
    assert missing == [], "docs/platforms.md does not say what differs there, and which test shows it"


# ---- processes


@pytest.fixture
def on_windows(tmp_path: Path) -> Any:
    """A process that has a child, held as on Windows: one after the other."""
    module = module_on("win32", "serverless_cloud.lambda_.process")
    handle = module.spawn([sys.executable, "-S", "-c", PARENT], dict(os.environ), tmp_path, tmp_path / "log")
    process = module.RuntimeProcess(handle)
    eventually(lambda: (tmp_path / "log").read_text())
    process.child = int((tmp_path / "log").read_text())
    yield process
    process.kill()


def test_windows_freezes_a_process_and_its_children_one_by_one(on_windows: Any) -> None:
    both = [psutil.Process(on_windows.pid), psutil.Process(on_windows.child)]
    on_windows.freeze()
    eventually(lambda: [p.status() for p in both] == [psutil.STATUS_STOPPED] * 2)
    on_windows.thaw()
    eventually(lambda: psutil.STATUS_STOPPED not in [p.status() for p in both])
    on_windows.freeze()
    on_windows.kill()  # frozen or not
    eventually(lambda: not alive(on_windows.child))
    assert not alive(on_windows.pid)
    on_windows.kill()
    on_windows.freeze()


def test_a_job_on_windows_is_ended_with_its_program(on_windows: Any) -> None:
    """Windows' os.kill would end the container's first process and leave the program that it has started."""
    module = module_on("win32", "serverless_cloud.batch.job_process")
    job = module.JobProcess.__new__(module.JobProcess)
    job._process, job.pid = on_windows, on_windows.pid
    job.ask_to_end()
    eventually(lambda: not alive(on_windows.child))
    assert not alive(on_windows.pid)


@pytest.mark.parametrize(("system", "memory", "expected"), [
    ("win32", SimpleNamespace(rss=10 * 2**20, peak_wset=30 * 2**20), 30),
    ("darwin", SimpleNamespace(rss=10 * 2**20), 10),
])  # fmt: skip
def test_memory_is_what_the_system_tells(system: str, memory: Any, expected: int) -> None:
    module = module_on(system, "serverless_cloud.lambda_.process")
    process = module.RuntimeProcess.__new__(module.RuntimeProcess)
    process.pid, process._ps = os.getpid(), SimpleNamespace(memory_info=lambda: memory)
    assert process.peak_memory_mb() == expected


def test_the_launcher_of_a_virtual_environment_is_passed_by() -> None:
    module = module_on("win32", "serverless_cloud.lambda_.process")
    assert module._without_launcher([sys.executable, "-c"], {"A": "1"}) == ([sys.executable, "-c"], {"A": "1"})
    module.sys.__dict__["_base_executable"] = r"C:\Python313\python.exe"
    command, environ = module._without_launcher([sys.executable, "-c"], {"A": "1"})
    assert command == [r"C:\Python313\python.exe", "-c"]
    assert environ == {"A": "1", "__PYVENV_LAUNCHER__": sys.executable}
    assert module._without_launcher(["git"], {})[0] == ["git"]


def test_nothing_is_asked_of_linux_elsewhere() -> None:
    for system in ("win32", "darwin"):
        module_on(system, "serverless_cloud.lambda_.bootstrap").die_with(-1)  # on Linux: exits, its parent is gone
        module_on(system, "serverless_cloud.batch.container").tie_to(-1)
        assert module_on(system, "serverless_cloud.rds.postgres_server")._end_with_us(signal.SIGTERM) is None
        assert module_on(system, "serverless_cloud.rds.folder")._free_shared_memory(["0"] * 6 + ["1 1"]) is None
        assert module_on(system, "serverless_cloud.core.peers")._way() is None


def test_a_container_on_macos_runs_its_command(tmp_path: Path) -> None:
    program = (
        f"import os, sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from tests.unit.other_system import module_on\n"
        "container = module_on('darwin', 'serverless_cloud.batch.container')\n"
        "codes = [container.run(c) for c in (['sh', '-c', 'exit 3'], ['sh', '-c', 'kill -9 $$'], ['nothing-here'])]\n"
        "print(codes)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60, cwd=tmp_path, text=True)
    assert done.stdout == "[3, 137, 127]\n", done.stderr


def test_python_in_a_job_on_windows_is_the_notebook_s(tmp_path: Path) -> None:
    folder = module_on("win32", "serverless_cloud.batch.job_process")._python_folder(tmp_path)
    assert {path.name for path in folder.iterdir()} == {"python.bat", "python3.bat"}
    assert (folder / "python.bat").read_text() == f'@"{sys.executable}" %*\n'


def test_without_process_groups_the_drill_kills_one_by_one(on_windows: Any) -> None:
    assert module_on("win32", "serverless_first.drill.faults")._kill(on_windows.pid)
    eventually(lambda: not alive(on_windows.child) and not alive(on_windows.pid))


# ---- files, users, limits


def test_without_numbers_of_users_a_folder_has_the_user_s_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("USERNAME", "mika")
    own_folder = module_on("win32", "serverless_cloud.notebook.own_folder").own_folder
    assert own_folder(tmp_path) == own_folder(tmp_path) == tmp_path / "serverless-first-mika"


def test_kernels_on_windows_keep_their_ports_and_encrypt() -> None:
    kernels = module_on("win32", "serverless_first.course.kernels")
    assert kernels.kernel_options({}) == ["--KernelManager.transport_encryption=auto"]
    assert kernels.private_channels() == {"transport_encryption": "auto"}


def test_a_run_s_folder_on_windows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    module = module_on("win32", "serverless_cloud.notebook.leftovers")
    monkeypatch.setattr(module, "runs_folder", lambda: tmp_path)
    run = module.RunFolder()
    assert run.path.is_dir()
    run.remove()
    assert not run.path.exists()


def test_windows_has_no_other_account_to_run_postgresql_under(tmp_path: Path) -> None:
    binaries = module_on("win32", "serverless_cloud.rds.binaries")
    assert binaries._EXE == ".exe"
    assert binaries.unprivileged_account() is None
    binaries.Account(1, 1).own(tmp_path / "nothing")  # no owner to change: even of what is not there


def test_postgresql_on_windows_is_started_and_told_otherwise() -> None:
    module = module_on("win32", "serverless_cloud.rds.postgres_server")
    started: list[Any] = []
    module.subprocess.__dict__["Popen"] = lambda command, **settings: started.append((command, settings))
    server = module.Postgres.__new__(module.Postgres)
    server._account = None
    server._popen(["postgres.exe"], demoted=True, death_signal=signal.SIGTERM)
    (_, settings), told = started[0], []
    assert "preexec_fn" not in settings
    assert (settings["cwd"], settings["creationflags"]) == (None, 0)

    async def run(*words: str) -> str:
        told.append(words)
        return ""

    server._run = run
    killed: list[int] = []
    process = SimpleNamespace(pid=7, kill=lambda: killed.append(7))
    for name in ("INT", "QUIT", "HUP", "KILL"):
        asyncio.run(server._signal(process, name))
    assert told == [("pg_ctl", "kill", name, "7") for name in ("INT", "QUIT", "HUP")]
    assert killed == [7]


def test_a_postgresql_that_is_left_on_windows_is_killed(tmp_path: Path) -> None:
    module = module_on("win32", "serverless_cloud.rds.folder")
    place = tmp_path / "sf-1"
    (place / "data").mkdir(parents=True)
    left = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)", str(place / "data")])
    (place / "data" / "postmaster.pid").write_text(f"{left.pid}\n")
    eventually(lambda: str(place / "data") in psutil.Process(left.pid).cmdline())  # it has become that program
    module.end_postgres(place)
    assert not alive(left.pid)
    left.wait(20)


def test_no_unix_socket_on_windows(tmp_path: Path) -> None:
    assert module_on("win32", "serverless_cloud.rds.sockets").folder_for(tmp_path / "a", tmp_path) is None


def test_a_class_s_turn_is_posix_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    module = module_on("win32", "serverless_cloud.core.seat")
    monkeypatch.setenv(module.TURNS, str(tmp_path))
    with module.turn():
        pass


def test_a_board_s_secret_has_no_modes_on_windows(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    secret.chmod(0o666)
    module_on("win32", "serverless_first.teach.board.keys")._require_private(secret)


def test_a_class_on_windows_is_refused_with_a_way_out() -> None:
    module = module_on("win32", "serverless_first.teach.classroom.running")
    with pytest.raises(module.CannotTeach, match="Windows Subsystem for Linux"), module.running(["mika"], Path("x")):
        pass


def test_signals_that_windows_lacks_are_not_asked_for() -> None:
    module = module_on("win32", "serverless_cloud.server")
    asked: list[int] = []
    module.signal.__dict__["signal"] = lambda number, _: asked.append(number)
    module._on_signals(None)
    assert asked == [signal.SIGINT, signal.SIGTERM]


# ---- starting


def test_jupyterlab_on_windows_is_a_child_that_outlives_ctrl_c(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    module = module_on("win32", "serverless_first.course.jupyter")
    monkeypatch.setattr(module, "work_dir", lambda: tmp_path)
    monkeypatch.setattr(module.surroundings, "apply", lambda _: {})
    monkeypatch.chdir(tmp_path)
    waits: list[str] = []

    class Lab:
        def __init__(self, command: list[str]) -> None:
            assert "--allow-root" not in command
            assert "--ServerApp.ip=127.0.0.1" in command

        def wait(self) -> int:
            waits.append("wait")
            if len(waits) < 3:
                raise KeyboardInterrupt
            return 5

    module.subprocess.__dict__["Popen"] = Lab
    with pytest.raises(SystemExit) as ended:
        module.start(0, browser=False)
    assert (ended.value.code, len(waits)) == (5, 3)


def test_a_long_path_on_windows_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    module = module_on("win32", "serverless_first.cli.doctor")
    monkeypatch.setattr(module, "course_root", lambda: Path("C:\\" + "x" * 200))
    assert "Windows may refuse long paths" in str(module.path())


def test_tools_know_the_folders_of_windows(tmp_path: Path) -> None:
    environment = module_on("win32", "tools.environment").Environment(tmp_path, tmp_path / ".venv")
    assert environment.python == tmp_path / ".venv" / "Scripts" / "python.exe"
    assert (
        module_on("win32", "tools.installing")._site_packages(Path("p"), tmp_path) == tmp_path / "Lib" / "site-packages"
    )


def test_a_set_up_on_windows_waits_by_msvcrt(monkeypatch: pytest.MonkeyPatch) -> None:
    module = module_on("win32", "tools.environment")
    calls: list[tuple[int, ...]] = []

    def locking(*call: int) -> None:
        calls.append(call)
        if len(calls) == 1:
            raise OSError("somebody else has it")

    monkeypatch.setitem(sys.modules, "msvcrt", SimpleNamespace(locking=locking, LK_NBLCK=2))
    assert [module._locked(7), module._locked(7)] == [False, True]
    assert calls == [(7, 2, 1)] * 2


def test_bootstrap_on_windows_leaves_ctrl_c_to_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    module = module_on("win32", "tools.bootstrap")
    before = signal.getsignal(signal.SIGINT)
    monkeypatch.chdir(Path.cwd())
    assert module.run([sys.executable, "-c", "raise SystemExit(4)"]) == 4
    assert signal.getsignal(signal.SIGINT) is before


def test_an_instance_on_windows_has_no_limit_to_raise() -> None:
    module = module_on("win32", "serverless_cloud.rds.instance_process")
    module._allow_many_files()  # would import `resource`, which Windows does not have

    async def commands() -> None:
        module.sys.__dict__["stdin"] = SimpleNamespace(buffer=[b'{"call": "reboot"}\n'])
        queue: asyncio.Queue[Any] = asyncio.Queue()
        ended = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler = None  # type: ignore[method-assign, assignment]
        module._read_commands(queue, ended)
        assert await asyncio.wait_for(queue.get(), 10) == {"call": "reboot"}
        await asyncio.wait_for(ended.wait(), 10)

    asyncio.run(commands())


@pytest.mark.parametrize(
    ("kernel_allows", "expected"), [(100_000, 65_536), (24_576, 24_576), (12_000, 10_240), (300, 256)]
)
def test_macos_gives_as_many_files_as_its_kernel_allows(
    monkeypatch: pytest.MonkeyPatch, kernel_allows: int, expected: int
) -> None:
    """It says that there is no limit, and refuses what is above one."""
    import resource

    given = [256]

    def setrlimit(_: int, limits: tuple[int, int]) -> None:
        if limits[0] > kernel_allows:
            raise ValueError("current limit exceeds maximum limit")
        given.append(limits[0])

    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, resource.RLIM_INFINITY))
    monkeypatch.setattr(resource, "setrlimit", setrlimit)
    module_on("darwin", "serverless_cloud.rds.instance_process")._allow_many_files()
    assert given[-1] == expected


def test_an_own_server_on_windows_has_no_window(tmp_path: Path) -> None:
    module = module_on("win32", "serverless_first.shop.own_server")
    seen: list[Any] = []

    def run(*_: Any, **settings: Any) -> Any:
        seen.append(settings)
        return SimpleNamespace(returncode=0)

    module.subprocess.__dict__["run"] = run
    server = module.OwnServer.__new__(module.OwnServer)
    server.folder, server._account = tmp_path, None
    server._programs = SimpleNamespace(program=lambda name: f"{name}.exe")
    server._run("psql")
    assert seen[0]["cwd"] is None
    assert "creationflags" in seen[0]


def test_a_copy_on_windows_keeps_the_rights_of_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = module_on("win32", "serverless_first.course.safe_files")
    monkeypatch.setattr(os, "umask", None)  # not asked
    module.write(tmp_path / "lamps" / "lab.ipynb", b"{}")
    assert (tmp_path / "lamps" / "lab.ipynb").read_bytes() == b"{}"


def test_limits_of_a_seat_on_windows() -> None:
    module = module_on("win32", "serverless_first.teach.classroom.limits")
    module.Limits(1000, 2000).tell_process(own_account=True)  # would import `resource`


def test_every_test_that_is_named_is_there() -> None:
    page = (ROOT / "docs" / "platforms.md").read_text(encoding="utf-8")
    names = {name.rstrip("_") for name in re.findall(r"`(test_\w+)(?:\.\.\.)?`", page)}
    assert len(names) > 15
    written = "".join(
        (ROOT / file).read_text(encoding="utf-8")
        for file in ("tests/unit/test_pretended_systems.py", "engine/tests/test_other_systems.py")
    )
    assert [name for name in sorted(names) if f"def {name}" not in written] == []
    files = set(re.findall(r"`((?:engine/tests|tests|tools|\.github)/[\w./]+\.(?:py|yml))`", page))
    assert [file for file in sorted(files) if not (ROOT / file).is_file()] == []
