"""The server process of the local cloud: moto answers every AWS API, the data plane makes the answers real.

Started by the notebook's kernel, and gone when the kernel is: it holds the read end of a pipe whose other end only the
kernel has. Or started alone: `serverless-cloud --port 4566`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from serverless_cloud import guard, leftovers, peers
from serverless_cloud.disk import PatientLog
from serverless_cloud.errors import CloudError
from serverless_cloud.rds.folder import remove_all

HOST = "127.0.0.1"


class CloudServer:
    """The whole local cloud on one port of 127.0.0.1.

    Args:
        port: 0 lets the system choose.
        idle_expiry_s: how long an idle execution environment lives, in seconds.
        time_scale: divides AWS's own waiting times.
        guarded: whether boto3 in handlers is kept on this machine.
        enforce_iam: whether roles and resource policies are enforced.
        network_model: how functions reach a VPC, "hyperplane" or "2019".
        log: where standard error is read, for the words of errors.

    Raises:
        OSError: the port is taken.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        idle_expiry_s: float = 600.0,
        time_scale: float = 1.0,
        guarded: bool = True,
        enforce_iam: bool = False,
        network_model: str = "hyperplane",
        log: str = "the terminal that the local cloud runs in",
    ) -> None:
        os.environ["MOTO_DISABLE_GLOBAL_CORS"] = "true"  # read by moto when it is imported
        # moto uses botocore: the learner's AWS files, which may be malformed, and keys are no business of its.
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            del os.environ[name]
        os.environ |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
        if guarded:
            guard.arm()
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
        from werkzeug.serving import make_server

        from serverless_cloud import seams
        from serverless_cloud.batch.jobs import Jobs
        from serverless_cloud.control import LocalCloudApp
        from serverless_cloud.delay_queue import Clock
        from serverless_cloud.iam.permissions import Permissions
        from serverless_cloud.lambda_.asynchronous import EventQueue
        from serverless_cloud.lambda_.environment import Surroundings
        from serverless_cloud.lambda_.fleet import Fleet
        from serverless_cloud.lambda_.service import LambdaService
        from serverless_cloud.network.interfaces import AccountRegion, Model
        from serverless_cloud.network.network import Network
        from serverless_cloud.plane import DataPlane
        from serverless_cloud.rds.instances import DatabaseInstances
        from serverless_cloud.rds_proxy.manager import Proxies
        from serverless_cloud.seams.destinations import Destinations
        from serverless_cloud.seams.function_calls import MotoFunctions
        from serverless_cloud.seams.iam_enforcement import MotoDirectory, log_writer
        from serverless_cloud.seams.lambda_network import LazyInterfaces
        from serverless_cloud.seams.logs import write_log, write_proxy_log
        from serverless_cloud.serving import KeptConnection
        from serverless_cloud.tasks import Tasks

        def app_of(service: Any) -> Any:
            if service is None:
                raise NotImplementedError("there is no such service")
            if service == "cloudformation":  # not moto's, which imports every service that it has: seconds
                return self._stacks()
            return create_backend_app(service)

        moto = DomainDispatcherApplication(app_of)
        try:
            self._server = make_server(HOST, port, moto, threaded=True, request_handler=KeptConnection)
        except SystemExit:  # werkzeug's way to say it
            raise OSError(f"Port {port} on {HOST} is taken. Choose another one, or 0 for any.") from None
        self.folder = leftovers.RunFolder()
        self.port: int = self._server.server_port
        os.environ["MOTO_PORT"] = str(self.port)  # moto calls itself in places
        self.endpoint_url = f"http://{HOST}:{self.port}"
        directory = MotoDirectory()
        permissions = Permissions(enforce_iam, directory)
        around = Surroundings(self.endpoint_url, self.folder.path, guarded, credentials=directory.credentials)
        tasks = Tasks()
        network = Network(LazyInterfaces(), tasks, lambda: queue.time_scale, Model(network_model))
        fleet = Fleet(
            around,
            idle_expiry_s,
            network=lambda spec: network.attach(AccountRegion(spec.account_id, spec.region), spec.name, spec.vpc),
        )
        service = LambdaService(fleet, log_writer(permissions, write_log))
        queue = EventQueue(service.invoke, Destinations(permissions), Clock(time_scale))
        databases = DatabaseInstances(self.folder.path)
        self.plane = DataPlane(
            service=service,
            queue=queue,
            functions=MotoFunctions(service, queue, permissions),
            permissions=permissions,
            databases=databases,
            proxies=Proxies(self.folder.path, databases, write_proxy_log),
            batch=Jobs(around),
            network=network,
            tasks=tasks,
        )
        seams.install(self.plane)
        late = seams.LateSeams(self.plane)
        self._server.app = LocalCloudApp(moto, late, self.plane, self.reset, self.stop_soon, log)
        self._stopping = threading.Event()

    def _stacks(self) -> Any:
        from serverless_cloud.control import ACCOUNT_ID
        from serverless_cloud.stacks.app import StacksApp
        from serverless_cloud.stacks.store import Store

        store = Store(self.plane.tasks, lambda: self.plane.time_scale)
        self.plane.forgetting.append(store.clear)
        return StacksApp(store, ACCOUNT_ID)

    def serve(self) -> None:
        """Answers until `stop_soon` is called; then ends every environment and removes every file."""
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self._stopping.wait()
        self.plane.service.fleet.close()
        try:
            self.plane.clear()
        finally:
            self.folder.remove()

    def stop_soon(self) -> None:
        """Makes `serve` return."""
        self._stopping.set()

    def reset(self) -> None:
        """Forgets every resource and ends every environment."""
        from moto.moto_api._internal.models import moto_api_backend

        from serverless_cloud.seams import models

        try:
            self.plane.clear()
        finally:
            moto_api_backend.reset()
            models.forget()


def run(
    port: int = 4566,
    *,
    idle_expiry_s: float = 600.0,
    time_scale: float = 1.0,
    guarded: bool = True,
    enforce_iam: bool = False,
    network_model: str = "hyperplane",
    share: bool = False,
) -> None:
    """Runs the local cloud in the foreground until Ctrl-C, for the AWS CLI or other SDKs.

    Args:
        port, idle_expiry_s, time_scale, guarded, enforce_iam, network_model: as for `CloudServer`.
        share: whether it also answers the machine's other users. They can deploy functions, which run as this user.

    Raises:
        OSError: the port is taken.
        CloudError: root wants to share it.
    """
    if share and hasattr(os, "geteuid") and os.geteuid() == 0:
        raise CloudError(
            "root cannot share a local cloud, because every user of this machine could run code as root. Start it as "
            "an ordinary user, or without --share."
        )
    os.environ[peers.SHARED] = "1" if share else "0"  # its other processes inherit it
    server = CloudServer(
        port,
        idle_expiry_s=idle_expiry_s,
        time_scale=time_scale,
        guarded=guarded,
        enforce_iam=enforce_iam,
        network_model=network_model,
    )
    _on_signals(server)
    if share:
        print(
            "Warning: --share is on, so every user of this machine can run code as you. A function that another user "
            "deploys here can read and change your files. Leave --share out to keep other users away.",
            file=sys.stderr,
            flush=True,
        )
    print(
        f"The local cloud runs on {server.endpoint_url} until Ctrl-C. In another terminal:\n"
        f"  export AWS_ENDPOINT_URL={server.endpoint_url} AWS_DEFAULT_REGION=us-east-1 "
        "AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local\n"
        f"An API answers at {server.endpoint_url}/restapis/ID/STAGE/_user_request_/PATH too.\n"
        "AWS calls of handlers stay on this machine.",
        flush=True,
    )
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
    """Started by `cloud.start()`: says on standard output where it listens, as one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--idle-expiry-s", type=float, required=True)
    parser.add_argument("--time-scale", type=float, default=1.0)
    parser.add_argument("--owner-folder", required=True, help="removed at the end, if the owner no longer can")
    parser.add_argument("--unguarded", action="store_true")
    parser.add_argument("--enforce-iam", action="store_true")
    parser.add_argument("--network-model", default="hyperplane")
    options = parser.parse_args()
    sys.stderr = PatientLog(sys.stderr)  # the log is on the disk of temporary files
    os.environ.pop(peers.SHARED, None)  # this one is its notebook's alone
    # Interrupting the notebook must not end its cloud.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    server = CloudServer(
        idle_expiry_s=options.idle_expiry_s,
        time_scale=options.time_scale,
        guarded=not options.unguarded,
        enforce_iam=options.enforce_iam,
        network_model=options.network_model,
        log=str(Path(options.owner_folder) / "server.log"),
    )
    threading.Thread(target=_stop_when_the_owner_is_gone, args=(server,), daemon=True).start()
    if hasattr(signal, "SIGTERM"):
        signal.signal(signal.SIGTERM, lambda *_: server.stop_soon())
    with contextlib.suppress(OSError):  # the kernel may be gone already: then there is nobody to tell, only to clean up
        print(json.dumps({"endpoint_url": server.endpoint_url, "pid": os.getpid()}), flush=True)
    os.dup2(2, 1)  # nobody reads any more: what moto prints would fill the pipe, and then block
    with contextlib.suppress(Exception):  # nobody is left to be told
        server.serve()
    if remove_all(Path(options.owner_folder)):  # a database server that the learner has started
        shutil.rmtree(options.owner_folder, ignore_errors=True)
    os._exit(0)  # threads that serve a call under way do not keep the process


if __name__ == "__main__":
    main()
