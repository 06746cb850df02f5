"""A Chromium of the machine, used without a window: to print slides, and by Playwright."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
_PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
# Chromium asks its makers for things at every start unless it is told not to.
_QUIET = ("--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync")
_PRINTS = ("--headless", "--disable-gpu", "--no-first-run", "--no-pdf-header-footer", "--virtual-time-budget=10000")


def find_chromium() -> str | None:
    """The path of Chromium, Chrome or Edge, or None when the machine has none of them."""
    program = next((path for name in _NAMES if (path := shutil.which(name))), None)
    return program or next((place for place in _PLACES if Path(place).is_file()), None)


def missing() -> str:
    """The missing part for controlling a browser through Playwright, and what to do. Empty if nothing is missing."""
    if find_chromium() is None:
        return "Chromium, Chrome or Edge was not found. Install one of them."
    if importlib.util.find_spec("playwright") is None:
        return "Playwright is not installed. Run `make env`."
    return ""


def arguments(*more: str) -> list[str]:
    """Arguments for a Chromium that asks nobody for anything, and also runs as root.

    Args:
        more: arguments beside these.
    """
    # It refuses its sandbox as root; the pages are our own and load nothing from elsewhere.
    as_root = ["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
    return [*_QUIET, *as_root, *more]


def print_pdf(chromium: str, page: Path, target: Path, *, query: str = "", timeout_s: float = 120.0) -> None:
    """Prints a page of this machine into a PDF.

    Args:
        chromium: the browser's path.
        page: the HTML file.
        target: the PDF to write. It replaces an earlier file once it is whole.
        query: what follows "?" in the page's address.
        timeout_s: how long the browser may take, in seconds.

    Raises:
        RuntimeError: the browser failed or took too long; the message has its last words.
    """
    with tempfile.TemporaryDirectory(prefix="serverless-first-", ignore_cleanup_errors=True) as folder:
        pdf = Path(folder) / "page.pdf"
        address = page.resolve().as_uri() + (f"?{query}" if query else "")
        profile = f"--user-data-dir={Path(folder) / 'profile'}"
        command = [chromium, *arguments(*_PRINTS, profile, f"--print-to-pdf={pdf}"), address]
        try:
            done = subprocess.run(command, capture_output=True, timeout=timeout_s, check=False)
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"{chromium} took longer than {timeout_s:g} s to print {page.name}") from None
        if not pdf.is_file():
            words = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
            raise RuntimeError(f"{chromium} did not make a PDF of {page.name}: {' '.join(words)}")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(pdf, part := target.with_name(f".{target.name}.part"))
        part.replace(target)
