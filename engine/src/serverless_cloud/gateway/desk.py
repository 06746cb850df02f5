"""Where calls to the services that are ours come in: each is passed to the method of the service's provider."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from wsgiref.types import WSGIEnvironment

from botocore.model import OperationNotFoundError
from moto.iam.models import get_account_id_from, mark_account_as_visited

from serverless_cloud.core.service import Caller, ServiceError
from serverless_cloud.gateway.protocols import Operation, Request, operation
from serverless_cloud.http.rest.aws import as_json
from serverless_cloud.iam import answers
from serverless_cloud.iam.actions import query_of
from serverless_cloud.iam.answers import Answer
from serverless_cloud.iam.permissions import Permissions

#: KEY/DATE/REGION/SERVICE/aws4_request in a header or, its slashes encoded, in a presigned URL.
_SIGNATURE = re.compile(r"Credential=([^,&/%]+)(?:/|%2F)\d+(?:/|%2F)([a-z0-9-]+)(?:/|%2F)", re.IGNORECASE)
#: They concern no queue, so the address of a queue doesn't take them.
_NOT_OF_A_QUEUE = ("CreateQueue", "ListQueues")


class FrontDesk:
    """Answers the calls that providers offer.

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
        target, path, query = environ.get("HTTP_X_AMZ_TARGET"), environ["PATH_INFO"], environ.get("QUERY_STRING", "")
        signature = _SIGNATURE.search(environ.get("HTTP_AUTHORIZATION") or query)
        if signature is None and self._permissions.enforced:
            text = f"Access to the resource {path} is denied."
            return answers.denied(service, "json" if target else "query", text)
        key, region = signature.groups() if signature else ("", "us-east-1")
        account_id = environ.get("HTTP_X_MOTO_ACCOUNT_ID") or get_account_id_from(key)
        mark_account_as_visited(account_id, key, service, region)  # IAM tells when a key was last used
        host_url = f"{environ['wsgi.url_scheme']}://{environ['HTTP_HOST']}"
        at = Caller(account_id, region, host_url, environ.get("HTTP_X_AMZN_TRACE_ID", ""))
        provider, body = self._providers[service], environ["wsgi.input"].getvalue()
        if target:
            return operation(service, target.rpartition(".")[2]).call(provider, at, Request("json", path, body))
        values = query_of(query) | query_of(body.decode(errors="replace"))
        answer = _query(provider, service, at, Request("query", path, values=values))
        if "application/json" not in environ.get("HTTP_ACCEPT", ""):
            return answer
        headers = [(name, value) for name, value in answer.headers if name != "Content-Type"]
        return replace(answer, headers=[*headers, ("Content-Type", "application/json")], body=as_json(answer.body))


def _query(provider: object, service: str, at: Caller, request: Request) -> Answer:
    """The answer to a call in the query protocol, in XML."""
    name = request.values.get("Action", "")
    if not name:
        return Answer("404 Not Found", [("Content-Type", "text/xml")], b"<UnknownOperationException/>")
    try:
        if name in _NOT_OF_A_QUEUE and request.path.strip("/"):
            raise OperationNotFoundError
        return operation(service, name).call(provider, at, request)
    except OperationNotFoundError:
        error = ServiceError("InvalidAction", f"The action {name} is not valid for this endpoint.")
        return Operation(service).answer("query", error)
