"""Where calls to the services that are ours come in: each is passed to the method of the service's provider."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from wsgiref.types import WSGIEnvironment

from botocore.model import OperationNotFoundError
from moto.iam.models import get_account_id_from, mark_account_as_visited

from serverless_cloud.core.service import Caller, ServiceError
from serverless_cloud.gateway.operations import Operation, operation
from serverless_cloud.http.rest.aws import as_json
from serverless_cloud.iam import answers
from serverless_cloud.iam.answers import Answer
from serverless_cloud.iam.operations import query_of
from serverless_cloud.iam.permissions import Permissions

#: KEY/DATE/REGION/SERVICE/aws4_request in a header or, its slashes encoded, in a presigned URL.
_SIGNATURE = re.compile(r"Credential=([^,&/%]+)(?:/|%2F)\d+(?:/|%2F)([a-z0-9-]+)(?:/|%2F)", re.IGNORECASE)
#: They concern no queue, so the address of a queue doesn't take them.
_NOT_OF_A_QUEUE = ("CreateQueue", "ListQueues")


class FrontDesk:
    """Answers the calls that a provider offers.

    Args:
        providers: by the name of the service in a signature, which must also be botocore's. A provider has a method
            for each operation, with boto3's names for the method and its parameters, after the `Caller`.
        permissions: whether calls must be signed.
    """

    def __init__(self, providers: Mapping[str, object], permissions: Permissions) -> None:
        self._providers, self._permissions = providers, permissions

    def answer(self, environ: WSGIEnvironment, service: str) -> Answer:
        """The answer to a call.

        Args:
            service: one of the providers'.

        Raises:
            OperationNotFoundError: AWS doesn't have the operation.
            NotImplementedError: the provider doesn't have it.
        """
        provider = self._providers[service]
        signature = _SIGNATURE.search(environ.get("HTTP_AUTHORIZATION") or environ.get("QUERY_STRING", ""))
        if signature is None and self._permissions.enforced:
            text = f"Access to the resource {environ['PATH_INFO']} is denied."
            return answers.denied(service, "json" if "HTTP_X_AMZ_TARGET" in environ else "query", text)
        key, region = signature.groups() if signature else ("", "us-east-1")
        account_id = environ.get("HTTP_X_MOTO_ACCOUNT_ID") or get_account_id_from(key)
        mark_account_as_visited(account_id, key, service, region)  # IAM tells when a key was last used
        host_url = f"{environ['wsgi.url_scheme']}://{environ['HTTP_HOST']}"
        at = Caller(account_id, region, host_url, environ.get("HTTP_X_AMZN_TRACE_ID", ""))
        if "HTTP_X_AMZ_TARGET" not in environ:
            return _query(provider, at, environ, service)
        name = environ["HTTP_X_AMZ_TARGET"].rpartition(".")[2]
        return _call(provider, at, environ, operation(service, name), "json")


def _query(provider: object, at: Caller, environ: WSGIEnvironment, service: str) -> Answer:
    """The answer to a call in the query protocol: XML, or JSON if the client asks for it."""
    values = query_of(environ.get("QUERY_STRING", "")) | query_of(environ["wsgi.input"].getvalue().decode())
    name = values.get("Action", "")
    if not name:
        return Answer("404 Not Found", [("Content-Type", "text/xml")], b"<UnknownOperationException/>")
    try:
        if name in _NOT_OF_A_QUEUE and environ["PATH_INFO"].strip("/"):
            raise OperationNotFoundError
        answer = _call(provider, at, environ, operation(service, name), "query", values)
    except OperationNotFoundError:
        error = ServiceError("InvalidAction", f"The action {name} is not valid for this endpoint.")
        answer = Operation(service).answer("query", error)
    if "application/json" in environ.get("HTTP_ACCEPT", ""):
        headers = [(name, value) for name, value in answer.headers if name != "Content-Type"]
        return replace(answer, headers=[*headers, ("Content-Type", "application/json")], body=as_json(answer.body))
    return answer


def _call(
    provider: object,
    at: Caller,
    environ: WSGIEnvironment,
    called: Operation,
    protocol: str,
    values: Mapping[str, str] | None = None,
) -> Answer:
    body = environ["wsgi.input"].getvalue()
    result: object
    try:
        parameters = called.parameters(protocol, body, values or {}, environ["PATH_INFO"])
        if (method := getattr(provider, called.method, None)) is None:
            raise NotImplementedError(called.method)
        result = method(at, **parameters)
    except ServiceError as error:
        result = error
    return called.answer(protocol, result)
