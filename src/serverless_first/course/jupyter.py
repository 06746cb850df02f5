"""Starts JupyterLab on the learner's folder: on this machine alone, asking the network for nothing."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

from serverless_cloud import surroundings
from serverless_cloud.client import REGION
from serverless_first import course
from serverless_first.course import kernels
from serverless_first.course.places import course_root, has_home, work_dir

SETTINGS = ".jupyter-settings"
OVERRIDES = {
    # JupyterLab asks on its first start whether to fetch news, and looks for updates; the course works offline.
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    # Lessons are short: every cell stays on the page, so that the browser finds text and widgets keep their state.
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
}
EXPORT_TEMPLATES, EXPORT_TEMPLATE = Path(__file__).parent / "templates", "course"
# The author's environment holds nbgrader, whose buttons a learner has no use for.
PAGE_CONFIG = {"disabledExtensions": {"@jupyter/nbgrader": True}}


def start(port: int, *, browser: bool, allow_real_aws: bool = False) -> None:
    """Runs JupyterLab in the foreground until Ctrl-C; never returns.

    A notebook that has not run cloud.start() has no address of AWS and no keys either.

    Args:
        port: where to look for a free port first, on 127.0.0.1; 0 takes any.
        browser: open the browser on the notebook where the learner left off.
        allow_real_aws: leave AWS addresses, keys and profiles as they are.

    Raises:
        OSError: the learner's folder cannot be written.
    """
    work = work_dir().absolute()
    (work / SETTINGS).mkdir(parents=True, exist_ok=True)
    os.chdir(work)
    if not allow_real_aws:
        surroundings.apply(surroundings.nowhere_environ(os.environ, REGION, work / SETTINGS))
    if os.name == "posix" and not has_home():
        _keep_aws_files()
        home = work / SETTINGS / "home"
        home.mkdir(exist_ok=True)
        print(f"There is no home folder that can be written: JupyterLab keeps its own files in {home}.")
        os.environ["HOME"] = str(home)
    command = _command(work, port, browser)
    if os.name == "posix":  # one process less, and signals reach JupyterLab itself
        os.execv(command[0], command)
    process = subprocess.Popen(command)
    while True:
        try:
            sys.exit(process.wait())
        except KeyboardInterrupt:
            continue  # JupyterLab got it too, and stops by itself


def _keep_aws_files() -> None:
    """Keys and profiles are read, never written: a home folder that cannot be written may well hold them."""
    for name, file in (("AWS_CONFIG_FILE", "config"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials")):
        with contextlib.suppress(OSError, RuntimeError):  # not ours to look into; no user of that number
            if (path := Path("~/.aws", file).expanduser()).is_file():
                os.environ.setdefault(name, str(path))


def settings(work: Path) -> list[str]:
    """Writes JupyterLab's settings of the course into the learner's folder; the options that make them count.

    Sets `JUPYTER_RUNTIME_DIR` for the JupyterLab that this process becomes or starts (`kernels.kernel_options`).

    Raises:
        OSError: the learner's folder cannot be written.
    """
    settings = work / SETTINGS
    settings.mkdir(parents=True, exist_ok=True)
    for name, content in (("overrides.json", OVERRIDES), ("page_config.json", PAGE_CONFIG)):
        (settings / name).write_text(json.dumps(content), encoding="utf-8", newline="\n")
    return [
        f"--ServerApp.root_dir={work}",
        *kernels.kernel_options(os.environ),
        f"--LabApp.app_settings_dir={settings}",
        # Its own memory of open tabs: not those of the learner's other projects.
        f"--LabApp.workspaces_dir={settings / 'workspaces'}",
        "--LabApp.extension_manager=readonly",
        # The buttons of panels and predictions, from the checkout: as new as the code after `git pull`.
        f"--LabApp.extra_labextensions_path={course_root() / 'kernel/share/jupyter/labextensions'}",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        # What a learner exports as HTML can be read by everybody.
        f"--HTMLExporter.extra_template_basedirs={EXPORT_TEMPLATES}",
        f"--HTMLExporter.template_name={EXPORT_TEMPLATE}",
    ]


def _command(work: Path, port: int, browser: bool) -> list[str]:
    return [
        *(sys.executable, "-m", "jupyterlab"),
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        "--Application.log_level=WARN",
        "--ServerApp.jpserver_extensions=serverless_first.course.announcement=True",
        *settings(work),
        f"--LabApp.default_url={default_url(work)}",
        *(() if browser else ("--no-browser",)),
        *(("--allow-root",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()),
    ]


def default_url(work: Path) -> str:
    """The address to open: the lesson of the module the learner touched last, else the first one.

    Args:
        work: the learner's folder; a missing or broken progress.json in it means the first lesson.
    """
    try:
        last = json.loads((work / "progress.json").read_text(encoding="utf-8"))["last_module"]
    except (OSError, ValueError, LookupError, TypeError):
        last = None
    modules = [module.id for module in course.load().modules]
    for name in [last] * (last in modules) + modules:
        if (work / "notebooks" / f"{name}.ipynb").is_file():
            return f"/lab/tree/notebooks/{quote(name)}.ipynb"
    return "/lab"
