"""Starts JupyterLab on the learner's folder: only on this machine, and without the network."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

from serverless_cloud.client import REGION
from serverless_cloud.notebook import surroundings
from serverless_first.course import kernels, look
from serverless_first.course.layout import FRONT_PAGE
from serverless_first.course.places import course_root, has_home, work_dir

SETTINGS = ".jupyter-settings"
# Not `workspaces`: the tabs remembered there lead to the places where notebooks lay before November 2026.
LAYOUTS = "layouts"
AUTOSAVE_S = 15
_OPEN = {"collapsed": False, "visible": True, "widgetStates": {}}
FIRST_LAYOUT = {
    "main": {"dock": None},
    "down": {"size": 0, "collapsed": True, "widgets": []},
    "left": {**_OPEN, "current": "filebrowser", "widgets": ["filebrowser"]},
    "right": {**_OPEN, "current": "@jupyterlab/toc:plugin", "widgets": ["@jupyterlab/toc:plugin"]},
    "relativeSizes": [0.2, 0.63, 0.17],
    "top": {"simpleVisibility": True},
}
OVERRIDES = {
    # JupyterLab asks on its first start whether to fetch news, and looks for updates; the course works offline.
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    # Lessons are short: every cell stays on the page, so that the browser finds text and widgets keep their state.
    # On a narrow screen, a long line of code is wrapped instead of cut.
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none", "codeCellConfig": {"lineWrap": True}},
    # A page of text is there to read, as the front page. Work is saved soon, because a browser can end at any time.
    "@jupyterlab/docmanager-extension:plugin": {
        "defaultViewers": {"markdown": "Markdown Preview"},
        "autosaveInterval": AUTOSAVE_S,
    },
    # Names need the room. The table of contents is on the other side, and both are open (see `_first_layout`).
    "@jupyterlab/filebrowser-extension:browser": {"showLastModifiedColumn": False, "navigateToCurrentDirectory": True},
    "@jupyterlab/application-extension:shell": {"layout": {"multiple": {"Table of Contents": {"area": "right"}}}},
}
EXPORT_TEMPLATES, EXPORT_TEMPLATE = Path(__file__).parent / "templates", "course"
# The author's environment holds nbgrader, whose buttons a learner has no use for. Its server extensions log warnings.
NBGRADER = ("assignment_list", "course_list", "formgrader", "validate_assignment")
PAGE_CONFIG = {"disabledExtensions": {"@jupyter/nbgrader": True}}


def start(port: int, *, browser: bool, allow_real_aws: bool = False) -> None:
    """Runs JupyterLab in the foreground until Ctrl-C; never returns.

    A notebook that has not run cloud.start() has no address of AWS and no keys either.

    Args:
        port: where to look for a free port first, on 127.0.0.1; 0 takes any.
        browser: open the browser on the front page.
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
        print(f"You have no home folder that can be written, so JupyterLab keeps its own files in {home}.")
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
    (settings / "custom").mkdir(exist_ok=True)
    (settings / "custom" / "custom.css").write_text(look.jupyterlab_css(), encoding="utf-8", newline="\n")
    _first_layout(settings / LAYOUTS)
    return [
        f"--ServerApp.root_dir={work}",
        *kernels.kernel_options(os.environ),
        f"--LabApp.app_settings_dir={settings}",
        # Its own memory of open tabs, without the tabs of the learner's other projects.
        f"--LabApp.workspaces_dir={settings / LAYOUTS}",
        # Figures and panels follow JupyterLab's theme. The folder of custom.css has no other option.
        "--LabApp.custom_css=True",
        f"--ServerApp.tornado_settings=static_custom_path={settings / 'custom'}",
        "--LabApp.extension_manager=readonly",
        # The buttons of panels and predictions, from the checkout: as new as the code after `git pull`.
        f"--LabApp.extra_labextensions_path={course_root() / 'kernel/share/jupyter/labextensions'}",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        # Everybody can read a learner's HTML exports.
        f"--HTMLExporter.extra_template_basedirs={EXPORT_TEMPLATES}",
        f"--HTMLExporter.template_name={EXPORT_TEMPLATE}",
    ]


def _first_layout(folder: Path) -> None:
    """Lays out JupyterLab's first start: files on the left, table of contents on the right, wide enough for names.

    From then on JupyterLab keeps the learner's own layout there.
    """
    from jupyterlab_server.workspaces_handler import WorkspacesManager  # only a start needs it

    manager = WorkspacesManager(str(folder))
    if not manager.list_workspaces():
        workspace = {"data": {"layout-restorer:data": FIRST_LAYOUT}, "metadata": {"id": "default"}}
        manager.save("default", json.dumps(workspace))


def _command(work: Path, port: int, browser: bool) -> list[str]:
    return [
        *(sys.executable, "-m", "serverless_first.course.stopping"),
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        # Its warnings are about things that a learner can't change, such as the time between two pings.
        "--Application.log_level=ERROR",
        "--ServerApp.jpserver_extensions=serverless_first.course.announcement=True",
        *(f"--ServerApp.jpserver_extensions=nbgrader.server_extensions.{name}=False" for name in NBGRADER),
        *settings(work),
        f"--LabApp.default_url={default_url(work)}",
        *(() if browser else ("--no-browser",)),
        *(("--allow-root",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()),
    ]


def default_url(work: Path) -> str:
    """The address to open: the front page, or JupyterLab's own where there is none.

    Args:
        work: the learner's folder.
    """
    return f"/lab/tree/{FRONT_PAGE}" if (work / FRONT_PAGE).is_file() else "/lab"
