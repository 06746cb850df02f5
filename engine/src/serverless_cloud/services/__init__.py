"""Where moto hands over to the data plane: declared patches of moto, and the functions that they call.

A service's patches are put into moto before its first request, and what they need of the data plane is connected then.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import threading
from types import ModuleType

from serverless_cloud.core import current, patches
from serverless_cloud.core.installer import Installer
from serverless_cloud.plane import DataPlane

#: The files that declare patches or connect moto to the data plane, by service, in the order of their connection.
FILES: dict[str, tuple[str, ...]] = {
    "moto": ("dispatch", "error_forms", "models", "tagging", "topics"),
    "lambda": (
        "functions", "requests", "answers", "versions", "concurrency", "network", "asynchronous", "invoke",
        "metrics", "mappings", "mapping_answers", "function_urls", "permissions", "layers", "public_layers",
        "tags", "changes",
    ),
    "s3": ("notifications", "buckets"),
    "dynamodb": (
        "streams", "items", "tables", "table_tags", "table_updates", "table_settings", "table_backups",
        "table_streams",
    ),
    "kinesis": ("streams", "validation"),
    "events": ("rules", "scheduled_rules", "buses", "connections"),
    "iam": ("enforcement", "policies"),
    "rds": ("instances", "proxies", "engine_versions"),
    "apigateway": (  # version 1 and version 2
        "rest_apis", "rest_rules", "rest_methods", "rest_answers", "rest_shapes", "rest_stage_rules", "rest_import",
        "rest_operations", "rest_updates", "http_apis", "http_api_stages", "http_api_import",
    ),
    "scheduler": ("schedules",),
    "pipes": ("pipes",),
    # Executions come first, then the work of their tasks.
    "states": (
        "waits", "history", "executions", "machines", "lists", "error_names", "paths",
        "parsing", "intrinsics", "task_tokens", "task_clients", "task_calls", "task_lambda",
        "task_callbacks", "map", "map_runs", "trial_api",
    ),
    "secretsmanager": ("names",),
    "ec2": ("interfaces", "blocks"),
    "batch": ("jobs", "validation"),
    "athena": ("queries",),
}  # fmt: skip
#: Folders that can't have the name of their service.
_FOLDERS = {"lambda": "lambda_"}
#: The services that moto's Lambda imports anyway. The others are named as in a request's signature.
AT_START = ("moto", "lambda", "s3", "dynamodb", "kinesis", "events", "iam")

_installer = Installer()


def install(plane: DataPlane) -> None:
    """Puts the data plane of Lambda, and of the services that moto's Lambda imports anyway, behind moto."""
    current.start(plane)
    for service in AT_START:
        _install(service, plane)


def undo() -> None:
    """Takes all patches out of moto, and forgets the data plane."""
    _installer.undo()
    current.reset()


def load(service: str) -> list[ModuleType]:
    """Imports the files of a service, and with them moto's: that takes up to a second. Their patches are declared."""
    if service == "apigateway":
        # jsonschema, which moto imports, takes it for one format ("iri") if it is there: two seconds, for a grammar.
        sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    if service == "states":
        _defer_models("moto.batch")
    folder = _FOLDERS.get(service, service)
    return [importlib.import_module(f"{__name__}.{folder}.{name}") for name in FILES[service]]


def _defer_models(package: str) -> None:
    """Lets moto import a file of the package without its models.

    Step Functions' interpreter needs one enumeration of Batch, whose models import all of EC2: 0.5 s and 120 MB.

    Args:
        package: one whose __init__.py only imports from its models.
    """
    if package in sys.modules:
        return
    spec = importlib.util.find_spec(package)
    assert spec is not None, package
    module = importlib.util.module_from_spec(spec)
    vars(module)["__getattr__"] = lambda name: getattr(importlib.import_module(f"{package}.models"), name)
    sys.modules[package] = module


def apply(service: str) -> None:
    """Puts the patches of a service into moto, without a data plane behind them.

    Raises:
        SignatureChanged, DuplicatePatch: as `Installer.apply`.
    """
    load(service)
    _installer.apply(patches.declared(service))


def _install(service: str, plane: DataPlane) -> None:
    """Applies the patches of a service, then connects its files with the data plane."""
    apply(service)
    for file in load(service):
        if connect := getattr(file, "connect", None):
            connect(plane)


class LateServices:
    """The services that many a notebook does not use: they are installed before the first request to one.

    Importing them takes seconds, which the start of the cloud has not got.

    Attributes:
        missing: the services that are not installed.
    """

    def __init__(self, plane: DataPlane) -> None:
        self._plane = plane
        self._lock = threading.Lock()
        self.missing = set(FILES) - set(AT_START)
        self._failed: dict[str, Exception] = {}

    def before(self, service: str) -> None:
        """A request is about to reach moto.

        Args:
            service: as in its signature; "" if it has none, and none of these services takes that.

        Raises:
            RuntimeError: a service could not be installed. It is not tried again: half of it may be there.
        """
        if service in self.missing:
            with self._lock:
                self._install(service)

    def _install(self, name: str) -> None:
        if name not in self.missing:  # another request has just done it
            return
        if name not in self._failed:
            try:
                _install(name, self._plane)
                self.missing.remove(name)
                return
            except Exception as error:
                self._failed[name] = error
        raise RuntimeError(f"{name} could not be set up: {self._failed[name]!r}") from self._failed[name]
