"""The first process of a seat: lays the copies of the course, then becomes the student's JupyterLab.

It runs under the student's account and inside the seat's limits, so that laying a copy can touch nobody else's.
"""

from __future__ import annotations

import os
import sys

from serverless_cloud.client import REGION
from serverless_cloud.notebook import surroundings
from serverless_first.course import jupyter
from serverless_first.course.places import work_dir
from serverless_first.lab import welcome
from serverless_first.teach.classroom.limits import LARGEST_BODY


def main() -> None:
    """Becomes the server; never returns.

    Raises:
        OSError: the seat's folder cannot be written, as when the disk is full; the hub's log has it.
    """
    work = work_dir()
    os.makedirs(os.environ["TMPDIR"], mode=0o700, exist_ok=True)  # noqa: PTH103
    welcome.prepare(print)
    os.chdir(work)
    options = [*jupyter.settings(work), f"--ServerApp.max_body_size={LARGEST_BODY}"]
    surroundings.apply(surroundings.nowhere_environ(os.environ, REGION, work / jupyter.SETTINGS))
    os.environ["JUPYTERHUB_DEFAULT_URL"] = jupyter.default_url(work)
    sys.stdout.flush()
    listener, *others = sys.argv[1:]
    server = "serverless_first.teach.classroom.seat_server"
    os.execv(sys.executable, [sys.executable, "-m", server, listener, *options, *others])


if __name__ == "__main__":
    main()
