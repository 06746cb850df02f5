"""Where calls to the services that are ours come in: each is passed to the method of the service's provider."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from wsgiref.types import WSGIEnvironment

from botocore.awsrequest import HeadersDict
from botocore.model import OperationNotFoundError
from moto.core.request import Request as WebRequest
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from moto.iam.models import get_account_id_from, mark_account_as_visited

from serverless_cloud.core.service import Caller, Provider, Request, ServiceError
from serverless_cloud.gateway.protocols import Operation, operation
from serverless_cloud.http.rest.aws import as_json
from serverless_cloud.iam import answers
from serverless_cloud.iam.actions import query_of
from serverless_cloud.iam.answers import Answer
from serverless_cloud.iam.permissions import Permissions

#: KEY/DATE/REGION/SERVICE/aws4_request in a header or, its slashes encoded, in a presigned URL.
_SIGNATURE = re.compile(r"Credential=([^,&/%]+)(?:/|%2F)\d+(?:/|%2F)([a-z0-9-]+)(?:/|%2F)", re.IGNORECASE)
#: The forms of `iam.answers`.
_FORMS = {"rest-json": "rest"}


class FrontDesk:
    """Answers the calls that providers offer.

    Args:
        providers: by the name of the service in a signature, which must also be botocore's.
        permissions: whether calls must be signed.
    """

    def __init__(self, providers: Mapping[str, Provider], permissions: Permissions) -> None:
        self._providers, self._permissions = providers, permissions

    def serves(self, environ: WSGIEnvironment, service: str) -> bool:
        """Whether a call is answered here and not by moto. Args: service: one that has a provider."""
        provider = self._providers[service]
        if not provider.is_part:
            return True
        if not environ["PATH_INFO"].startswith(_beginnings(provider, service)):
            return False
        return operation(service, _rest_call(environ, service)[0]).method(provider) is not None

    def answer(self, environ: WSGIEnvironment, service: str) -> Answer:
        """The answer to a call that is served here.

        Raises:
            OperationNotFoundError: AWS doesn't have the operation.
            NotImplementedError: the provider doesn't have it.
            werkzeug.exceptions.NotFound: the address isn't an operation's.
        """
        path, query = environ["PATH_INFO"], environ.get("QUERY_STRING", "")
        protocol = _protocol(environ, service)
        signature = _SIGNATURE.search(environ.get("HTTP_AUTHORIZATION") or query)
        if signature is None and self._permissions.enforced:
            return answers.denied(service, _FORMS.get(protocol, protocol), f"Access to the resource {path} is denied.")
        key, region = signature.groups() if signature else ("", "us-east-1")
        account_id = environ.get("HTTP_X_MOTO_ACCOUNT_ID") or get_account_id_from(key)
        mark_account_as_visited(account_id, key, service, region)  # IAM tells when a key was last used
        token = environ.get("HTTP_X_AMZ_SECURITY_TOKEN", "")
        host_url = f"{environ['wsgi.url_scheme']}://{environ['HTTP_HOST']}"
        at = Caller(account_id, region, host_url, environ.get("HTTP_X_AMZN_TRACE_ID", ""), key, token)
        provider, body = self._providers[service], environ["wsgi.input"].getvalue()
        if protocol == "json":
            name = environ["HTTP_X_AMZ_TARGET"].rpartition(".")[2]
            return operation(service, name).call(provider, at, Request("json", path, body))
        if protocol == "rest-json":
            name, request = _rest_call(environ, service)
            return operation(service, name).call(provider, at, request)
        values = query_of(query) | query_of(body.decode(errors="replace"))
        answer = _query(provider, service, at, Request("query", path, values=values))
        if "application/json" not in environ.get("HTTP_ACCEPT", ""):
            return answer
        headers = [(name, value) for name, value in answer.headers if name != "Content-Type"]
        return replace(answer, headers=[*headers, ("Content-Type", "application/json")], body=as_json(answer.body))


def _protocol(environ: WSGIEnvironment, service: str) -> str:
    if "HTTP_X_AMZ_TARGET" in environ:
        return "json"
    return "rest-json" if get_service_model(service).protocol == "rest-json" else "query"


def _rest_call(environ: WSGIEnvironment, service: str) -> tuple[str, Request]:
    """The operation whose method and path a request has, and the request."""
    web_request = WebRequest(environ)
    model, labels = get_service_router(service).match(web_request)
    body = environ["wsgi.input"].getvalue()
    request = Request(
        "rest-json", environ["PATH_INFO"], body, web_request.args, labels, HeadersDict(web_request.headers)
    )
    return model.name, request


@cache
def _beginnings(provider: Provider, service: str) -> tuple[str, ...]:
    """How the paths of a provider's operations begin. To compare them takes less time than to find the operation."""
    model = get_service_model(service)
    names = (name for name in model.operation_names if operation(service, name).method(provider))
    return tuple({model.operation_model(name).http["requestUri"].partition("{")[0] for name in names})


def _query(provider: Provider, service: str, at: Caller, request: Request) -> Answer:
    """The answer to a call in the query protocol, in XML. Raises: OperationNotFoundError: as for `FrontDesk.answer`."""
    name = request.values.get("Action", "")
    if not name and provider.unknown_action:
        return Answer("404 Not Found", [("Content-Type", "text/xml")], b"<UnknownOperationException/>")
    try:
        if not name:
            raise OperationNotFoundError(name)
        return operation(service, name).call(provider, at, request)
    except OperationNotFoundError:
        if not provider.unknown_action:
            raise
        error = ServiceError("InvalidAction", provider.unknown_action.format(name))
        return Operation(service).answer("query", error)
