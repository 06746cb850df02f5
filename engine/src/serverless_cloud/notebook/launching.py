"""Starts the process of the local cloud, and reads from it where it answers."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from serverless_cloud.core import child, disk, inherited
from serverless_cloud.errors import CloudDidNotStart, advice
from serverless_cloud.notebook import progress, surroundings

START_LIMIT_S = 60.0  # a cold disk and a virus scanner can make Python's imports slow


def launch(command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    """Starts the server, whose errors go to `log`; it ends when the pipe to its standard input closes."""
    environ = inherited.variables(os.environ)
    environ |= surroundings.no_proxy_for_this_machine(environ)
    return child.start(command, log, environ)


def endpoint_of(server: subprocess.Popen[bytes], log: Path) -> str:
    """Where the server that `launch` has started answers, once it does.

    Raises:
        CloudDidNotStart: the process ended or stayed silent. It no longer runs then.
    """
    line = _first_line(server, START_LIMIT_S)
    if line is None:
        server.kill()
        raise CloudDidNotStart(
            f"The local cloud didn't answer within {START_LIMIT_S:.0f} seconds. If your computer is busy, wait and "
            "run this cell again."
        )
    try:
        return str(json.loads(line)["endpoint_url"])
    except ValueError:
        server.kill()
        tail = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-5:])
        raise CloudDidNotStart(
            f"The local cloud did not start. Its last lines:\n{disk.with_advice(tail) or '(none)'}\n"
            + advice("start", "If a package is missing, install serverless-cloud again with pip.")
        ) from None


@contextlib.contextmanager
def files_explained(target: str | None) -> Iterator[None]:
    """Explains an OSError about a temporary file or folder.

    Args:
        target: as for `cloud.start`. A session with a target also keeps such files, but isn't called the local cloud.

    Raises:
        CloudDidNotStart: instead of OSError.
    """
    try:
        yield
    except OSError as error:
        what = "The local cloud" if target is None else "The session"
        raise CloudDidNotStart(
            disk.with_advice(f"{what} did not start, because it could not create its temporary files: {error}.")
            + f" {advice('files', 'Set TMPDIR to a folder that you can write to.')}"
        ) from error


def _first_line(process: subprocess.Popen[bytes], limit_s: float) -> bytes | None:
    """The first line that a process prints; empty if it ends, None if it stays silent for `limit_s` seconds."""
    lines: list[bytes] = []
    assert process.stdout is not None
    reader = threading.Thread(target=lambda out: lines.append(out.readline()), args=(process.stdout,), daemon=True)
    reader.start()
    reader.join(progress.SILENT_S)
    if reader.is_alive():
        with progress.notice("Starting the local cloud. The first start takes longest ..."):
            reader.join(limit_s - progress.SILENT_S)
    return lines[0] if lines else None
