"""How moto finds the service and the operation of a request.

It looks through its own folder twice, a third of what a request costs, and through a class for its methods. A query
without a body (GET on the address of a queue, a presigned call) goes to S3, and SQS takes it for JSON.
"""

from __future__ import annotations

import functools
import re
from typing import Any
from wsgiref.types import WSGIEnvironment

from moto.core.model import ServiceModel
from moto.core.responses import BaseResponse
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from serverless_cloud.core.patches import Service

patches = Service("moto")

_QUERY_LACKS_A_SERVICE = (
    "engine/tests/services/test_moto_patches.py::test_stock_moto_still_has_the_defect[a_query_by_get_goes_to_s3]"
)
#: KEY/DATE/REGION/SERVICE/aws4_request, of a call that is signed in its address.
_SIGNED = re.compile(
    r"X-Amz-Credential=[^&]*?(?:/|%2F)\d+(?:/|%2F)([a-z0-9-]+)(?:/|%2F)([a-z0-9-]+)(?:/|%2F)aws4", re.I
)
_QUEUE = re.compile(r"/\d{12}/[\w.-]+/?")
_VERSION_OF_SQS = "Version=2012-11-05"


@patches.replaces(
    "moto.backends:list_of_moto_modules",
    defect="engine/tests/services/test_moto_patches.py::test_stock_moto_still_has_the_defect[moto_looks_for_its_services_each_time]",
    upstream="moto looks for the folders of its services once.",
)
@functools.cache
def list_of_moto_modules() -> frozenset[str]:
    return frozenset(list_of_moto_modules.original())


@patches.replaces(
    "moto.core.utils:method_names_from_class",
    defect="engine/tests/services/test_moto_patches.py::test_stock_moto_still_has_the_defect[moto_looks_for_methods_each_time]",
    upstream="moto looks for the methods of a class once.",
    everywhere=True,
)
@functools.cache
def method_names_from_class(clazz: object) -> list[str]:
    return method_names_from_class.original(clazz)


@patches.replaces(
    "moto.moto_server.werkzeug_app:DomainDispatcherApplication.infer_service_region_host",
    defect=_QUERY_LACKS_A_SERVICE,
    upstream="A query without a body reaches the service of its signature, or the queue of its address.",
)
def infer_service_region_host(app: DomainDispatcherApplication, environ: WSGIEnvironment, path: str) -> str | None:
    host = _host(app, environ, path)
    if host and host.startswith("cloudcontrolapi."):
        return host.replace("cloudcontrolapi", "cloudformation", 1)  # `stacks.app` answers it
    if path.endswith("/") and host and host.startswith("sqs.") and _QUEUE.fullmatch(path):
        environ["PATH_INFO"] = path.rstrip("/")  # many samples of AWS end the address of a queue with a slash
    return host


def _host(app: DomainDispatcherApplication, environ: WSGIEnvironment, path: str) -> str | None:
    query = environ.get("QUERY_STRING", "")
    if "Action=" in query and "HTTP_AUTHORIZATION" not in environ:
        if (signed := _SIGNED.search(query)) and signed.group(2) != "s3":
            return f"{signed.group(2)}.{signed.group(1)}.amazonaws.com"
        if not signed and (_VERSION_OF_SQS in query or _QUEUE.fullmatch(path)):
            return "sqs.us-east-1.amazonaws.com"
    return infer_service_region_host.original(app, environ, path)


@patches.replaces(
    "moto.core.responses:BaseResponse.get_region_from_url",
    defect=_QUERY_LACKS_A_SERVICE,
    upstream="A call that is signed in its address has the Region of its signature.",
)
def get_region_from_url(response: BaseResponse, request: Any, full_url: str) -> str:
    if "Authorization" not in request.headers and (signed := _SIGNED.search(full_url)):
        return signed.group(1)
    return get_region_from_url.original(response, request, full_url)


@patches.replaces(
    "moto.core.request:determine_request_protocol",
    defect=_QUERY_LACKS_A_SERVICE,
    upstream="A request without a content type is a query, if its service has that protocol.",
    everywhere=True,
)
def determine_request_protocol(service_model: ServiceModel, content_type: str | None = None) -> str:
    if not content_type and "query" in service_model.metadata.get("protocols", ()):
        return "query"
    return determine_request_protocol.original(service_model, content_type)
