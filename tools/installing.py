"""Fills an environment with what a lock file names, by hash: with uv where it is there, else with pip."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from tools import wheelhouse
from tools.watched import CommandFailed, watched

OLDEST = (3, 11)
#: The packages of this repository, and where their code is.
SOURCES = {"serverless_cloud": "engine/src", "serverless_first": "src"}
# Settings of the machine that would change what is installed, or where. Index, proxies and certificates stay.
DROPPED = {
    *("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "CONDA_PREFIX"),
    *("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_REQUIREMENT", "PIP_EDITABLE", "PIP_NO_BINARY"),
    *(
        "PIP_ONLY_BINARY",
        "PIP_BUILD_CONSTRAINT",
        "PIP_REQUIRE_HASHES",
        "PIP_DRY_RUN",
        "PIP_UPLOADED_PRIOR_TO",
    ),
    *("UV_CONSTRAINT", "UV_OVERRIDE", "UV_BUILD_CONSTRAINT", "UV_EXCLUDE_NEWER", "UV_PYTHON", "UV_TARGET"),
    *("UV_NO_BINARY", "UV_NO_BUILD", "UV_ONLY_BINARY", "UV_REQUIRE_HASHES", "UV_SYSTEM_PYTHON"),
}

_PROGRESS = re.compile(r"\d+ of \d+")


class SetupError(RuntimeError):
    """The environment cannot be made; the message says why, and what to do."""


def install(python: Path, folder: Path, root: Path, profile: str, files: Path | None = None) -> None:
    """Installs the packages of a profile, then the course itself, editable and without network.

    Args:
        python: the interpreter of the environment.
        folder: the environment.
        root: the checkout.
        profile: "lab" or "all".
        files: a wheelhouse that holds every package; None: they come from the index.

    Raises:
        CommandFailed: uv and pip did not manage it.
        SetupError: there is neither uv nor pip.
    """
    site_packages = _site_packages(python, folder)
    env = _surroundings(folder)
    requirements = root / "requirements"
    locks = ["--require-hashes", "-r", str(requirements / "installer.txt"), "-r", str(requirements / f"{profile}.txt")]
    lines = (requirements / f"{profile}.txt").read_text(encoding="utf-8").splitlines()
    total = sum(line[:1].isalnum() for line in lines)

    def run(title: str, command: list[str]) -> None:
        watched(title, command, env, root)

    def counted(title: str, command: list[str]) -> None:
        def status(line: str) -> str:
            words = line.split()
            if words[:1] == ["Collecting"]:
                return f"collecting {words[1]}"
            installed = sum(1 for _ in site_packages.glob("*.dist-info/RECORD"))
            return f"{installed} of {total}" if installed else f"downloading {total}"

        watched(title, command, env, root, status)

    itself = ["--no-deps", "--no-build-isolation", "-e", str(root / "engine"), "-e", str(root)]
    uv = shutil.which("uv")
    if uv:
        start = [uv, "pip", "install", "--python", str(python), *(wheelhouse.options(files, uv=True) if files else [])]
        try:
            counted("Packages (uv)", [*start, "--no-deps", *locks])
            run("The course itself", [*start, *itself])
        except CommandFailed as error:
            print(f"  uv failed, so pip is tried: {_last_line(error.output)}", flush=True)
            uv = None
    if not uv:
        # A new pip first: it installs in a third of the time that a pip of 2023 takes.
        offline = wheelhouse.options(files, uv=False) if files else []
        start = [str(python), "-I", "-m", "pip", "install", "--no-compile", "--no-deps", *offline]
        _ensure_pip(python, site_packages, env, root)
        run("A new pip", [*start, *locks[:3]])
        counted("Packages (pip)", [*start, *locks])
        run("The course itself", [str(python), "-I", "-m", "pip", "install", *offline, *itself])
    for package, source in SOURCES.items():
        _relative_path_file(root / source, site_packages / f"{package}.pth")
    _compile(python, env, root)


def _compile(python: Path, env: dict[str, str], root: Path) -> None:
    """Compiles the Python files that the course imports; a failure only costs time later."""
    title = "Compiling Python files for a fast start"
    progress = ""

    def status(line: str) -> str:  # a module may print its own lines
        nonlocal progress
        if _PROGRESS.fullmatch(line.strip()):
            progress = f"{line.strip()} modules"
        return progress

    try:
        watched(title, [str(python), "-I", str(root / "tools" / "first_imports.py")], env, root, status)
    except CommandFailed:
        print(f"  {title}: not all files", flush=True)


def _surroundings(folder: Path) -> dict[str, str]:
    """The environment variables for uv and pip: index, proxies and certificates as they are on this machine."""
    env = {name: value for name, value in os.environ.items() if name not in DROPPED}
    empty = folder / "no-constraints.txt"
    empty.touch()
    # As an address, since pip splits this setting at spaces.
    env |= {"PIP_CONSTRAINT": empty.as_uri(), "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONUTF8": "1"}
    if "PIP_INDEX_URL" in env and not {"UV_DEFAULT_INDEX", "UV_INDEX_URL"} & env.keys():
        env["UV_DEFAULT_INDEX"] = env["PIP_INDEX_URL"]
    return env


def _ensure_pip(python: Path, site_packages: Path, env: dict[str, str], root: Path) -> None:
    if list(site_packages.glob("pip-*.dist-info")):
        return
    if subprocess.run([str(python), "-I", "-c", "import ensurepip"], capture_output=True).returncode:
        version = ".".join(map(str, version_of(python) or OLDEST))
        raise SetupError(
            f"This Python has no pip. On Debian or Ubuntu, run apt install python{version}-venv. Elsewhere, install "
            "Python from https://www.python.org/downloads/, or install uv."
        )
    watched("pip", [str(python), "-I", "-m", "ensurepip", "--default-pip"], env, root)


def _relative_path_file(source: Path, path_file: Path) -> None:
    """Points an editable install to its sources by a relative path.

    Python before 3.13 reads .pth files in the encoding of the locale: an absolute path with a letter
    outside it, as in a Japanese user name on Windows, would be misread. The relative one is plain ASCII.
    """
    try:
        relative = os.path.relpath(source.resolve(), path_file.parent.resolve())
    except ValueError:  # another drive of Windows: the absolute path has to do
        return
    if relative.isascii():
        path_file.write_text(relative + "\n", encoding="ascii", newline="\n")


def _site_packages(python: Path, folder: Path) -> Path:
    if os.name == "nt":
        return folder / "Lib" / "site-packages"
    version = version_of(python) or OLDEST
    return folder / "lib" / f"python{version[0]}.{version[1]}" / "site-packages"


def version_of(python: Path) -> tuple[int, int] | None:
    """(major, minor) of an interpreter; None when it is gone or does not start."""
    try:
        done = subprocess.run(
            [str(python), "-I", "-S", "-c", "import sys; print(*sys.version_info[:2])"],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        major, minor = done.stdout.split()
        return int(major), int(minor)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def _last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else "it printed nothing"


def explained(error: CommandFailed, files: Path | None = None) -> str:
    """A message about a command that failed, with its last lines and advice. `files` is as for `install`."""
    text = error.output
    if "HASHES" in text or "Hash mismatch" in text:
        advice = (
            "A package differs from the package that this course was tested with. Do not continue. Try "
            "another index, or tell the maintainers."
        )
    elif "No space left" in text or "disk space" in text.lower():
        advice = "The disk is full. The environment needs about 820 MB."
    elif files:
        advice = (
            f"The packages come from {files}, which may not be complete. `serverless-first wheelhouse` collects it "
            f"again on a machine with internet. With {wheelhouse.VARIABLE}=no, the set-up ignores it and uses the "
            "network."
        )
    else:
        advice = (
            "If the network is the reason, check the proxy (HTTPS_PROXY) or the index (PIP_INDEX_URL), then repeat "
            "the command. Downloaded packages stay in the cache."
        )
    tail = "\n".join(text.splitlines()[-15:])
    return f"{tail}\n\nThe set-up stopped: {error}.\n{advice}"
