"""Clients of AWS that other people wrote: installs each from its registry, and runs it against a local cloud."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import urllib.request
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

ACCOUNT, REGION = "123456789012", "us-east-1"
COMMAND_LIMIT_S = 300
#: Keys for the clients that demand some, and no word to their makers.
SETTINGS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    "CDK_DEFAULT_ACCOUNT": ACCOUNT,
    "CDK_DEFAULT_REGION": REGION,
    "CDK_DISABLE_CLI_TELEMETRY": "1",
    "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
    "SAM_CLI_TELEMETRY": "0",
    "AWS_PAGER": "",
}


@dataclass(frozen=True)
class Shell:
    """A folder in which commands run, with the local cloud's address in their environment.

    Attributes:
        folder: Where commands run.
        environ: Their environment variables.
    """

    folder: Path
    environ: dict[str, str]

    def __call__(self, command: str, *, exit_code: int = 0) -> str:
        """Runs a line of bash and returns what it printed.

        Raises:
            AssertionError: It ended with another exit code.
        """
        run = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            encoding="utf-8",
            timeout=COMMAND_LIMIT_S,
            check=False,
        )
        assert run.returncode == exit_code, f"{command}\n{run.stdout}"
        return run.stdout

    def page(self, url: str) -> str:
        """What the page at an address of AWS says; the local cloud knows it by its host.

        Raises:
            urllib.error.HTTPError: The status isn't 2xx.
        """
        address = urlsplit(url)
        local = f"{self.environ['AWS_ENDPOINT_URL']}{address.path}?{address.query}"
        request = urllib.request.Request(local, headers={"Host": address.netloc})
        with urllib.request.urlopen(request, timeout=60) as answer:
            said: str = answer.read().decode()
            return said

    def write(self, name: str, text: str) -> None:
        """Writes a file below the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@contextlib.contextmanager
def server(home: Path) -> Iterator[dict[str, str]]:
    """Runs serverless-cloud as a user does, and yields the environment of a client.

    Args:
        home: The home folder of server and clients, so that no client reads the user's own settings.
    """
    home.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOTO_"))}
    environ = kept | SETTINGS | {"HOME": str(home)}
    code = "from serverless_cloud.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "--port", "0"],
        env=environ | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    try:
        assert process.stdout is not None
        address = next(
            (match for line in process.stdout if (match := re.search(r"http://127\.0\.0\.1:\d+", line))), None
        )
        assert address is not None, f"the server ended with {process.wait(60)}"
        yield environ | {"AWS_ENDPOINT_URL": address[0]}
    finally:
        process.terminate()
        process.communicate(timeout=60)


def python_client(tools: Path, *packages: str) -> Path:
    """Installs packages from PyPI into a virtual environment, unless it is there, and returns its folder of programs.

    Args:
        tools: The folder of all clients.
        packages: The requirements; the first one names the environment.
    """
    place = tools / re.split("[<>=]", packages[0])[0]
    programs = place / "bin"
    if not (place / "ready").exists():
        shutil.rmtree(place, ignore_errors=True)
        venv.create(place, with_pip=True)
        subprocess.run([programs / "pip", "install", "--quiet", *packages], check=True)
        (place / "ready").touch()
    return programs


def node_client(tools: Path, package: str) -> Path:
    """Installs a package from npm, unless it is there, and returns its folder of programs."""
    place = tools / f"{package}-of-npm"
    if not (place / "node_modules").exists():
        place.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "install", "--silent", "--prefix", place, package], check=True)
    return place / "node_modules" / ".bin"
