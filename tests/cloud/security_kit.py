"""What the tests of security share: an environment full of secrets, a kernel, where secrets could lie."""

from __future__ import annotations

import ast
import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

from serverless_first.course import kernels

ROOT = Path(__file__).resolve().parents[2]
KEY, SECRET = "AKIAIOSFODNN7LAMPS01", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYLAMPSKEY01"
#: Each value is found nowhere else: a part of it in a file, an output or another process is a leak.
SECRETS = {
    "AWS_ACCESS_KEY_ID": KEY,
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "AWS_SESSION_TOKEN": "IQoJb3JpZ2luX2VjEHikariLampsSessionToken",
    "GITHUB_TOKEN": "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "JUPYTERHUB_API_TOKEN": "9f1c4e1d0a2b4f3c8d7e6f5a4b3c2d1e",
    "JUPYTER_TOKEN": "b6f8d4e2a0c1937586f4e3d2c1b0a998",
    "SERVERLESS_FIRST_BOARD_TOKEN": "seat-7Hq2vLampsBoardToken",
    "OPENAI_API_KEY": "sk-proj-HikariLamps0123456789",
    "PGPASSWORD": "hikari-Pg-Passw0rd",
    "MYSQL_PWD": "hikari-My-Passw0rd",
    "DATABASE_URL": "postgres://shop:hikari-url-Passw0rd@db.example.com/shop",
    "PIP_INDEX_URL": "https://reader:hikari-index-Passw0rd@packages.example.com/simple",
    "HTTPS_PROXY": "http://reader:hikari-proxy-Passw0rd@proxy.example.com:3128",
    "LAMP_ORACLE": "of-no-known-name-HikariLamps",
}
PASSWORDS = ("hikari-url-Passw0rd", "hikari-index-Passw0rd", "hikari-proxy-Passw0rd")
TEXTS = {*(v for v in SECRETS.values() if "://" not in v), *PASSWORDS}


def lay(folder: Path) -> dict[str, str]:
    """Makes a home folder with real-looking AWS files and folders for all that is written; the environment of a kernel.

    Args:
        folder: a fresh one.
    """
    for name in ("home", "tmp", "work", "run"):
        (folder / name).mkdir(parents=True)
    aws = folder / "home" / ".aws"
    aws.mkdir()
    keys = f"aws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n"
    (aws / "credentials").write_text(f"[default]\n{keys}[hikari]\n{keys}", encoding="utf-8")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "MOTO_")) and "proxy" not in k.lower()}
    own = {
        "HOME": str(folder / "home"),
        "USERPROFILE": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "TEMP": str(folder / "tmp"),
        "TMP": str(folder / "tmp"),
        "IPYTHONDIR": str(folder / "home" / "ipython"),
        "SERVERLESS_FIRST_WORK": str(folder / "work"),
        "PYTHONPATH": os.pathsep.join(str(ROOT / folder) for folder in ("", "engine/tests")),
    }
    return kept | own | SECRETS


class Kernel:
    """A notebook's kernel with its secrets.

    Args:
        folder: as for `lay`.
    """

    def __init__(self, folder: Path) -> None:
        from jupyter_client.manager import KernelManager

        self.outputs: list[str] = []
        environ = lay(folder)
        self._manager = KernelManager(kernel_name="python3", **kernels.private_channels())
        self._manager.start_kernel(env=environ, cwd=str(folder / "run"), extra_arguments=["--log-level=ERROR"])
        self._client = self._manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=60)
        self.process = psutil.Process(self._manager.provisioner.pid)  # type: ignore[union-attr]

    def run(self, cell: str) -> None:
        """Runs a cell; fails if the cell fails. What it shows is kept in `outputs`."""
        reply = self._client.execute_interactive(cell, timeout=120, output_hook=self._heard, allow_stdin=False)
        assert reply["content"]["status"] == "ok", reply["content"]

    def _heard(self, message: Any) -> None:
        self.outputs.append(str(message["content"]))

    def value(self, expression: str) -> Any:
        """The value of an expression in it, of plain data."""
        reply = self._client.execute_interactive(
            "", user_expressions={"it": expression}, timeout=60, output_hook=self._heard, allow_stdin=False
        )
        told = reply["content"]["user_expressions"]["it"]
        assert told["status"] == "ok", told
        return ast.literal_eval(told["data"]["text/plain"])

    def tree(self) -> list[psutil.Process]:
        """It and all that it has started."""
        return [self.process, *self.process.children(recursive=True)]

    def close(self) -> None:
        """It ends, and all with it."""
        below = self.process.children(recursive=True)
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)
        psutil.wait_procs(below, timeout=20)


@contextlib.contextmanager
def kernel(folder: Path) -> Iterator[Kernel]:
    """A kernel that is gone at the end of the block."""
    started = Kernel(folder)
    try:
        yield started
    finally:
        started.close()


def in_environments(processes: list[psutil.Process]) -> list[str]:
    """The variables of these processes that hold a secret, each with its process."""
    found = []
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            for name, value in process.environ().items():
                found += [f"{name} in {process.cmdline()}" for text in TEXTS if text in value]
    return found


def in_command_lines(processes: list[psutil.Process]) -> list[str]:
    """The command lines, which every user of the machine may read, that hold a secret."""
    found = []
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            line = " ".join(process.cmdline())
            found += [line for text in TEXTS if text in line]
    return found


def in_files(folder: Path, but: Callable[[Path], bool] = lambda _: False) -> list[str]:
    """The files below a folder that hold a secret, in their content or their name.

    Args:
        but: files that may.
    """
    found = []
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):  # gone meanwhile
            if path.is_file() and not path.is_symlink() and not but(path):
                content = path.read_bytes()
                found += [f"{text} in {path}" for text in TEXTS if text.encode() in content or text in path.name]
    return found
