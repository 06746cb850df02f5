"""The gate of `enforce_iam`: every request that comes with somebody's credentials is judged before it is answered.

The learner's own keys, whatever they are, belong to an administrator. Keys that AWS would have given out begin with
ASIA (a session of a role) or AKIA (a user), so the gate asks for their owner. Requests without a signature pass.
"""

from __future__ import annotations

import io
import re
from wsgiref.types import WSGIEnvironment

from serverless_cloud.errors import AccessDenied
from serverless_cloud.iam import answers
from serverless_cloud.iam.actions import Call, WebRequest, call_of, query_of
from serverless_cloud.iam.denials import not_authorized
from serverless_cloud.iam.permissions import (
    ACCOUNT_ID,
    Identity,
    InvalidCredentials,
    Permissions,
    is_administrator,
)
from serverless_cloud.iam.policies import Principal, Request, Verdict, parsed
from serverless_cloud.iam.resources import ArnScope, requests_of

_CREDENTIAL = re.compile(r"(?:Credential=)?([^,/\s]+)/\d{8}/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request")
_S3_HEADERS = ("x-amz-acl", "x-amz-server-side-encryption", "x-amz-storage-class")
_VERSION_2 = re.compile(r"AWS ([^:\s]+):")  # S3 alone still takes it
_ADMINISTRATOR = Principal(f"arn:aws:sts::{ACCOUNT_ID}:user/moto", frozenset(), ACCOUNT_ID)  # as moto calls it


class Gate:
    """Judges requests to the APIs.

    Args:
        permissions: decides; it has the roles, once the services are installed.
    """

    def __init__(self, permissions: Permissions) -> None:
        self._permissions = permissions

    def refuses(self, environ: WSGIEnvironment) -> answers.Answer | None:
        """The answer to a request that is refused; None for one that may go on. It may read the request's body.

        Asked only while permissions are enforced.

        Args:
            environ: WSGI's.
        """
        query = query_of(environ.get("QUERY_STRING", ""))
        signed = _signature(environ, query)
        if signed is None:
            return None
        key, region, service = signed
        if is_administrator(key) and service != "sts":
            return None
        web = _web_request(environ, query, key, region, service)
        return self._refuses(web, call_of(web))

    def _refuses(self, web: WebRequest, call: Call) -> answers.Answer | None:
        service, key = web.service, web.access_key
        is_head = web.method == "HEAD"
        try:
            if is_administrator(key):
                self._judge_trust(_ADMINISTRATOR, call)
            else:
                sent = {**{name.lower(): value for name, value in web.query.items()}, **web.headers}
                token = sent.get("x-amz-security-token", "")
                self._judge(self._permissions.identities.of_key(key, token), web, call)
        except InvalidCredentials as error:
            return answers.invalid_credentials(service, call.protocol, expired=error.expired, head=is_head)
        except AccessDenied as error:
            return answers.denied(service, call.protocol, str(error), head=is_head)
        except NotImplementedError as error:
            return answers.not_honoured(service, call.protocol, str(error), head=is_head)
        return None

    def _judge(self, identity: Identity, web: WebRequest, call: Call) -> None:
        """Raises: AccessDenied; NotImplementedError if it cannot be told what is asked for."""
        if not call.operation and call.protocol != "s3":
            raise NotImplementedError(
                f"The local cloud can't tell which IAM action {web.method} {web.path} of {web.service} needs, so it "
                "can't enforce permissions for this call. Turn enforce_iam off to make it (docs/fidelity.md)."
            )
        directory = self._permissions.identities
        account_id = identity.principal.account_id or ACCOUNT_ID
        place = ArnScope(web.region, account_id, lambda name: directory.secret_arn(web.region, name))
        for needed in requests_of(web, call, place):
            request = _in_context(needed, web)
            if needed.action == "sts:AssumeRole":
                self._judge_trust(identity.principal, call, identity, request)
                continue
            # Secrets Manager alone repeats what it was asked for: a secret's name or its ARN.
            named = str(call.parameters.get("SecretId", "")) if web.service == "secretsmanager" else ""
            self._permissions.authorise(identity, request, directory.resource_policy(needed.resource), named=named)
            if needed.action == "s3:GetObject" and not directory.has_object(needed.resource):
                # S3 says that there is no such object only to callers that may list the bucket.
                bucket = needed.resource.split("/")[0]
                listing = Request("s3:ListBucket", bucket, request.context)
                self._permissions.authorise(identity, listing, directory.resource_policy(bucket))

    def _judge_trust(
        self, principal: Principal, call: Call, identity: Identity | None = None, request: Request | None = None
    ) -> None:
        """Raises AccessDenied unless a role lets somebody assume it. An administrator doesn't need a policy."""
        role = str(call.parameters.get("RoleArn", ""))
        if call.operation != "AssumeRole" or not role:
            return
        trust = self._permissions.identities.trust_policy(role)
        keys = {"sts:externalid": "ExternalId", "sts:rolesessionname": "RoleSessionName"}
        context = {k: [str(call.parameters[name])] for k, name in keys.items() if name in call.parameters}
        admin = {"aws:principalarn": [principal.arn], "aws:principalaccount": [principal.account_id]}
        known = identity.context if identity else admin
        trust_request = Request("sts:AssumeRole", role, {**known, **(request.context if request else {}), **context})
        try:
            trusted = (
                trust is not None
                and parsed(trust).says(trust_request, principal, through_account=True) is Verdict.ALLOW
            )
        except ValueError as error:
            raise AccessDenied(f"The local cloud can't evaluate the trust policy of {role}: {error}") from error
        if not trusted:
            raise AccessDenied(not_authorized(principal.arn, "sts:AssumeRole", role))
        if identity is not None:
            self._permissions.authorise(identity, trust_request, trust)


def _signature(environ: WSGIEnvironment, query: dict[str, str]) -> tuple[str, str, str] | None:
    """Access key, Region and service of a signature, of whatever version, in a header or in a presigned URL."""
    header = environ.get("HTTP_AUTHORIZATION", "")
    if match := _CREDENTIAL.search(header or query.get("X-Amz-Credential", "")):
        return match[1], match[2], match[3]
    if match := _VERSION_2.match(header):
        return match[1], "us-east-1", "s3"
    key = query.get("AWSAccessKeyId")
    return (key, "us-east-1", "s3") if key else None


def _in_context(needed: Request, web: WebRequest) -> Request:
    context = {
        "aws:requestedregion": [web.region],
        "aws:sourceip": ["127.0.0.1"],
        "aws:useragent": [web.headers.get("user-agent", "")],
        **{f"s3:{name}": [web.headers[name]] for name in _S3_HEADERS if name in web.headers},
        **needed.context,
    }
    return Request(needed.action, needed.resource, context)


def _web_request(environ: WSGIEnvironment, query: dict[str, str], key: str, region: str, service: str) -> WebRequest:
    headers = {name[5:].replace("_", "-").lower(): environ[name] for name in environ if name.startswith("HTTP_")}
    headers["content-type"] = environ.get("CONTENT_TYPE", "")
    method = environ["REQUEST_METHOD"]
    path = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8", "replace")
    # Objects for S3 may be large, and don't matter here; a list of objects to delete does.
    body = _body(environ) if service != "s3" or (method == "POST" and "delete" in query) else b""
    return WebRequest(service, key, region, method, path, headers, query, body)


def _body(environ: WSGIEnvironment) -> bytes:
    """Reads the body and puts it back."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if not length and not environ.get("wsgi.input_terminated"):
        return b""
    body: bytes = environ["wsgi.input"].read(length or -1)
    environ["wsgi.input"] = io.BytesIO(body)
    return body
