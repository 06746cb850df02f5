"""Runs a command so that nobody waits in silence: one line says the step, the count and the seconds."""

from __future__ import annotations

import queue
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

SPINNER = "|/-\\"
TERMINAL_EVERY_S, LOG_EVERY_S = 0.15, 2.0


class CommandFailed(RuntimeError):
    """A command ended with an error; `output` holds all it said."""

    def __init__(self, command: list[str], code: int, output: str) -> None:
        super().__init__(f"{Path(command[0]).name} ended with exit code {code}")
        self.output = output


def watched(
    title: str,
    command: list[str],
    env: dict[str, str],
    cwd: Path,
    status: Callable[[str], str] = lambda _line: "",
) -> str:
    """Runs `command`, shows `title` and how it goes, returns its output.

    `status` gets the last line of output and returns the words to show behind the title. On a terminal the
    line is redrawn; elsewhere, as in a CI log, a new line comes every two seconds.

    Raises:
        CommandFailed: the exit code is not 0.
    """
    terminal = sys.stdout.isatty()
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    lines: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    output: list[str] = []
    started, shown_at, turn, ended = time.monotonic(), time.monotonic(), 0, False
    try:
        while not ended:
            try:
                line = lines.get(timeout=TERMINAL_EVERY_S)
                ended = line is None
                output += [line] if line else []
            except queue.Empty:
                pass
            now = time.monotonic()
            if not ended and now - shown_at >= (TERMINAL_EVERY_S if terminal else LOG_EVERY_S):
                shown_at, turn = now, turn + 1
                _show(title, status(output[-1] if output else ""), now - started, turn, terminal)
        code = process.wait()
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
        raise
    _clear(terminal)
    if code:
        raise CommandFailed(command, code, "".join(output))
    print(f"  {title}: done in {time.monotonic() - started:.0f} s", flush=True)
    return "".join(output)


def _show(title: str, status: str, seconds: float, turn: int, terminal: bool) -> None:
    words = f"{title} {status}".rstrip()
    if terminal:
        width = max(20, _columns() - 1)
        text = f"{SPINNER[turn % 4]} {words} ({seconds:.0f} s)"
        sys.stdout.write("\r" + text[:width].ljust(width))
        sys.stdout.flush()
    else:
        print(f"  {words} ({seconds:.0f} s)", flush=True)


def _clear(terminal: bool) -> None:
    if terminal:
        sys.stdout.write("\r" + " " * max(20, _columns() - 1) + "\r")


def _columns() -> int:
    return shutil.get_terminal_size().columns
