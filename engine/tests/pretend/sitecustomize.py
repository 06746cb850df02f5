"""Makes the course's own code believe that it runs on another system: SERVERLESS_FIRST_PRETEND is "win32" or "darwin".

A folder for PYTHONPATH: Python imports this file when it starts. Modules of the course get other `sys`, `os`, `signal`,
`socket`, `subprocess` and `psutil` than everybody else has: without what the other system lacks, and with its name.
Python itself and all libraries stay as they are. So the course's branches for that system run, with Linux below them.
"""

from __future__ import annotations

import builtins
import importlib
import os
import subprocess
import sys
import types
from importlib.machinery import PathFinder
from typing import Any

PRETEND = "SERVERLESS_FIRST_PRETEND"
_OWN = ("serverless_cloud", "serverless_first")

#: What each system does not have, by module; a module of the name None is not there at all.
LACKS: dict[str, dict[str, tuple[str, ...] | None]] = {
    "darwin": {"socket": ("AF_NETLINK", "NETLINK_ROUTE"), "os": ("pidfd_open", "sched_getaffinity", "memfd_create")},
    "win32": {
        "os": (
            "fork", "forkpty", "register_at_fork", "killpg", "getpgid", "setsid", "getuid", "geteuid", "getgid",
            "getegid", "chown", "lchown", "nice", "mkfifo", "posix_spawn", "posix_spawnp", "wait", "wait4", "WNOHANG",
            "sysconf", "getloadavg", "uname", "sched_getaffinity", "initgroups", "setuid", "setgid", "chroot",
            "statvfs",
        ),
        "signal": (
            "SIGKILL", "SIGSTOP", "SIGCONT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGPIPE", "SIGALRM", "SIGCHLD",
            "SIGXFSZ", "pause", "alarm", "pthread_kill", "sigwait",
        ),
        "socket": ("AF_UNIX", "AF_NETLINK", "socketpair_unix", "send_fds", "recv_fds"),
        "fcntl": None, "resource": None, "pwd": None, "grp": None, "termios": None, "uvloop": None, "syslog": None,
    },
}  # fmt: skip
_SAYS: dict[str, dict[str, dict[str, Any]]] = {
    "darwin": {"sys": {"platform": "darwin"}, "psutil": {"LINUX": False, "MACOS": True}},
    "win32": {
        # Linux's Python has no launcher, nor a way past it.
        "sys": {"platform": "win32", "_base_executable": sys.executable},
        "os": {"name": "nt"},
        "psutil": {"LINUX": False, "WINDOWS": True, "POSIX": False},
        # Linux's Popen takes no flags but 0.
        "subprocess": {"CREATE_NEW_PROCESS_GROUP": 0, "CREATE_NO_WINDOW": 0, "DETACHED_PROCESS": 0},
    },
}


def _is_ours(path: str) -> bool:
    return any(f"/{package}/" in path for package in _OWN)


class _Pretended(types.ModuleType):
    """A module as another system has it; all else is asked of the real one."""

    def __init__(self, name: str, lacks: tuple[str, ...], says: dict[str, Any]) -> None:
        super().__init__(name)
        self.__dict__.update(says)
        self.__dict__["_real"], self.__dict__["_lacks"] = importlib.import_module(name), frozenset(lacks)

    def __getattr__(self, name: str) -> Any:
        if name in self.__dict__["_lacks"]:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return getattr(self.__dict__["_real"], name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.__dict__["_real"], name, value)


class Pretender:
    """Imports modules of the course with other modules around them.

    Args:
        system: "win32" or "darwin".
    """

    def __init__(self, system: str) -> None:
        self._system, self._made = system, {}  # type: ignore[var-annotated]
        self._builtins = {**vars(builtins), "__import__": self._import}

    def _import(self, name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        if level == 0 and name in {**LACKS[self._system], **_SAYS[self._system]}:
            lacks = LACKS[self._system].get(name, ())
            if lacks is None:
                raise ModuleNotFoundError(f"No module named {name!r} (on {self._system})", name=name)
            if name not in self._made:
                self._made[name] = _Pretended(name, lacks, _SAYS[self._system].get(name, {}))
            return self._made[name]
        return builtins.__import__(name, globals, locals, fromlist, level)

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        """The course's modules get our `import`; all others are found as ever."""
        if name.partition(".")[0] not in _OWN:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def exec_module(module: types.ModuleType) -> None:
                module.__dict__["__builtins__"] = self._builtins
                load(module)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec

    def run_as_main(self) -> None:
        """Scripts of the course and `python -m` run with our `import` as well: they are never imported."""
        import runpy

        code_of_module: Any = runpy._run_code  # type: ignore[attr-defined]

        def run_code(code: Any, run_globals: Any, *rest: Any) -> Any:
            if _is_ours(code.co_filename):
                run_globals["__builtins__"] = self._builtins
            return code_of_module(code, run_globals, *rest)

        runpy._run_code = run_code  # type: ignore[attr-defined]
        if any(_is_ours(word) and word.endswith(".py") for word in sys.orig_argv[1:]):
            sys.modules["__main__"].__dict__["__builtins__"] = self._builtins


def pretend(system: str) -> None:
    """From now on modules of the course that are imported believe that they are on `system`."""
    pretender = Pretender(system)
    sys.meta_path.insert(0, pretender)
    pretender.run_as_main()


if os.environ.get(PRETEND):
    pretend(os.environ[PRETEND])
    del subprocess.Popen.__del__  # a process that is left is what the tests look at; no warning of it
