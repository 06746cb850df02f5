"""The server process of the local cloud: moto answers every AWS API, the data plane makes the answers real.

The notebook's kernel starts it, and it ends with the kernel, because it holds the read end of a pipe whose other end
only the kernel has. You can also start it without a kernel: `serverless-cloud --port 4566`.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import signal
import sys
import threading
from pathlib import Path
from wsgiref.types import WSGIApplication

from serverless_cloud import guard
from serverless_cloud.core import peers
from serverless_cloud.core.disk import PatientLog
from serverless_cloud.errors import CloudError
from serverless_cloud.notebook import leftovers
from serverless_cloud.rds.folder import remove_all
from serverless_cloud.settings import DEFAULTS, CloudSettings
from serverless_cloud.view.page import Page


class CloudServer:
    """The whole local cloud on one port of 127.0.0.1.

    Args:
        port: 0 lets the system choose.
        log: where standard error is read, for the words of errors.

    Raises:
        OSError: the port is taken.
    """

    def __init__(
        self,
        port: int = 0,
        settings: CloudSettings = DEFAULTS,
        log: str = "the terminal that the local cloud runs in",
    ) -> None:
        _prepare_for_moto(settings.guarded)
        # Late: they import moto, which reads the environment then.
        from serverless_cloud import parts, services, serving
        from serverless_cloud.control import LocalCloudApp

        moto = serving.moto_app(self._stacks)
        self._server = serving.listen(moto, port)
        self.folder = leftovers.RunFolder()
        self.port: int = self._server.server_port
        os.environ["MOTO_PORT"] = str(self.port)  # moto calls itself in places
        self.endpoint_url = f"http://{serving.HOST}:{self.port}"
        self.plane = parts.make(settings, self.endpoint_url, self.folder.path)
        services.install(self.plane)
        late = services.LateServices(self.plane)
        self._server.app = LocalCloudApp(moto, late, self.plane, self.reset, self.stop_soon, log)
        self._stopping = threading.Event()

    def _stacks(self) -> WSGIApplication:
        # Late: few notebooks make a stack.
        from serverless_cloud.iam.permissions import ACCOUNT_ID
        from serverless_cloud.stacks.app import StacksApp
        from serverless_cloud.stacks.store import Store

        store = Store(self.plane.tasks, lambda: self.plane.time_scale)
        self.plane.forgetting.append(store.clear)
        return StacksApp(store, ACCOUNT_ID)

    def serve(self) -> None:
        """Answers until `stop_soon` is called; then ends every environment and removes every file."""
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self._stopping.wait()
        self.plane.fleet.close()
        try:
            self.plane.clear()
        finally:
            self.folder.remove()

    def view(self) -> Page:
        """Serves the live view of us-east-1, from now on."""
        # Late, as in __init__; few need the page.
        from serverless_cloud.iam.permissions import ACCOUNT_ID
        from serverless_cloud.services.live_view import look

        return Page(lambda: look(self.plane, ACCOUNT_ID, "us-east-1"))

    def stop_soon(self) -> None:
        """Makes `serve` return."""
        self._stopping.set()

    def reset(self) -> None:
        """Forgets every resource and ends every environment."""
        # Late, as in __init__.
        from moto.moto_api._internal.models import moto_api_backend

        from serverless_cloud.services.moto import models

        try:
            self.plane.clear()
        finally:
            moto_api_backend.reset()
            models.forget()


def _prepare_for_moto(guarded: bool) -> None:
    os.environ["MOTO_DISABLE_GLOBAL_CORS"] = "true"
    # moto uses botocore, and must see neither the learner's AWS files, which may be malformed, nor keys.
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    # moto's interpreter of state machines logs each failed state with its own objects. An execution's history has it.
    logging.getLogger("moto.stepfunctions").setLevel(logging.CRITICAL)
    if guarded:
        guard.arm()


def run(port: int, settings: CloudSettings, *, share: bool, view: bool = False) -> None:
    """Runs the local cloud in the foreground until Ctrl-C, for the AWS CLI or other SDKs.

    Args:
        port, settings: as for `CloudServer`.
        share: whether it also answers the machine's other users. They can deploy functions, which run as this user.
        view: whether a browser tab can look at it live.

    Raises:
        OSError: the port is taken.
        CloudError: root wants to share it.
    """
    if share and hasattr(os, "geteuid") and os.geteuid() == 0:
        raise CloudError(
            "root can't share a local cloud, because every user of this machine could run code as root. Start it as an "
            "ordinary user, or without --share."
        )
    os.environ[peers.SHARED] = "1" if share else "0"  # its other processes inherit it
    server = CloudServer(port, settings)
    _on_signals(server)
    if share:
        print(
            "Warning: --share is on, so every user of this machine can run code as you. A function that another user "
            "deploys here can read and change your files. Leave --share out to keep other users away.",
            file=sys.stderr,
            flush=True,
        )
    print(
        f"The local cloud runs at {server.endpoint_url} until you press Ctrl-C. In another terminal, run:\n"
        f"  export AWS_ENDPOINT_URL={server.endpoint_url} AWS_DEFAULT_REGION=us-east-1 "
        "AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local\n"
        f"You can also call an API at {server.endpoint_url}/restapis/ID/STAGE/_user_request_/PATH.\n"
        "AWS calls from handlers stay on this machine.",
        flush=True,
    )
    if view:
        print(f"To watch it live, open {server.view().url} in a browser on this machine.", flush=True)
    server.serve()


def _on_signals(server: CloudServer) -> None:
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        if hasattr(signal, name):
            with contextlib.suppress(ValueError):
                signal.signal(getattr(signal, name), lambda *_: server.stop_soon())


def _stop_when_the_owner_is_gone(server: CloudServer) -> None:
    """The pipe ends when the kernel ends, however it ends."""
    with contextlib.suppress(OSError):
        while os.read(0, 1024):
            pass
    server.stop_soon()


def main() -> None:
    """Started by `cloud.start()`: says on standard output where it listens, as one line of JSON.

    The command line has the settings, as JSON, and the owner's folder, removed at the end if the owner no longer can.
    """
    settings, owner_folder = CloudSettings(**json.loads(sys.argv[1])), Path(sys.argv[2])
    sys.stderr = PatientLog(sys.stderr)  # the log is on the disk of temporary files
    os.environ.pop(peers.SHARED, None)  # this one is its notebook's alone
    # Interrupting the notebook must not end its cloud.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    server = CloudServer(settings=settings, log=str(owner_folder / "server.log"))
    threading.Thread(target=_stop_when_the_owner_is_gone, args=(server,), daemon=True).start()
    if hasattr(signal, "SIGTERM"):
        signal.signal(signal.SIGTERM, lambda *_: server.stop_soon())
    with contextlib.suppress(OSError):  # the kernel may be gone already: then there is nobody to tell, only to clean up
        print(json.dumps({"endpoint_url": server.endpoint_url, "pid": os.getpid()}), flush=True)
    os.dup2(2, 1)  # nobody reads any more, so moto's output would fill the pipe and then block
    with contextlib.suppress(Exception):  # nobody is left to be told
        server.serve()
    if remove_all(owner_folder):  # a database server that the learner has started
        shutil.rmtree(owner_folder, ignore_errors=True)
    os._exit(0)  # threads that serve a call under way do not keep the process


if __name__ == "__main__":
    main()
