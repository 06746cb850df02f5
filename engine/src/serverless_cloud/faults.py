"""The answers when the local cloud itself fails or lacks a call. No moto.

Without them, boto3 would show a page of HTML, or say that it can't read the page.
"""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from wsgiref.types import WSGIEnvironment

from botocore.model import OperationNotFoundError

from serverless_cloud import disk
from serverless_cloud.iam.answers import Answer, failed, not_honoured
from serverless_cloud.iam.operations import query_of

#: The start of the pages that werkzeug writes if no service of moto has the call.
_NO_SUCH_CALL = (
    b"<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>",
    b"<!doctype html>\n<html lang=en>\n<title>405 Method Not Allowed</title>",
)


def of_error(error: Exception, environ: WSGIEnvironment, service: str, log: str) -> Answer:
    """The answer to a request that raised an error. The traceback goes to standard error.

    Args:
        error: NotImplementedError for a call that is not there.
        service: as in the request's signature.
        log: where standard error is read.
    """
    if isinstance(error, NotImplementedError):
        return _missing(environ, service, str(error))
    if isinstance(error, OperationNotFoundError):  # of a name that the service's API doesn't have
        return _unknown(environ, service, str(error))
    print(f"{environ['REQUEST_METHOD']} {environ.get('PATH_INFO', '')} for {service or 'no service'}:", file=sys.stderr)
    traceback.print_exception(error)
    frames = traceback.extract_tb(error.__traceback__)
    last = next((f for f in reversed(frames) if {"moto", "serverless_cloud"} & set(Path(f.filename).parts)), frames[-1])
    place = "/".join(Path(last.filename).parts[-3:])
    what = f"The local cloud failed with {type(error).__name__}: {error} ({place}, line {last.lineno})."
    message = disk.with_advice(what)
    if message == what:
        message += (
            " Check the arguments of the call first. If they are right, the local cloud has a bug. The traceback is in "
            f"{log}."
        )
    form, is_head = _protocol(environ, service), environ["REQUEST_METHOD"] == "HEAD"
    return failed("InternalFailure", "500 Internal Server Error", message, service, form, head=is_head)


def of_answer(status: str, body: bytes, environ: WSGIEnvironment, service: str) -> Answer | None:
    """The message that replaces an answer about a missing call; None for every other answer."""
    if status[:3] in ("404", "405") and body.startswith(_NO_SUCH_CALL):
        return _missing(environ, service, f"{environ['REQUEST_METHOD']} {environ.get('PATH_INFO', '')}")
    return None


def _unknown(environ: WSGIEnvironment, service: str, operation: str) -> Answer:
    """AWS's answer to a call of an operation that its API doesn't have."""
    form = _protocol(environ, service)
    if form != "query":
        message = f"The operation {operation} is not known."
        return failed("UnknownOperationException", "400 Bad Request", message, service, form)
    asked = query_of(f"{environ.get('QUERY_STRING', '')}&{environ['wsgi.input'].getvalue().decode(errors='replace')}")
    message = f"Could not find operation {operation} for version {asked.get('Version', '')}".rstrip()
    return failed("InvalidAction", "400 Bad Request", message, service, form)


def _missing(environ: WSGIEnvironment, service: str, what: str) -> Answer:
    message = (
        f"The local cloud doesn't have this call of {service or 'AWS'}: {what}. docs/fidelity.md lists what works here."
    )
    is_head = environ["REQUEST_METHOD"] == "HEAD"
    return not_honoured(service, _protocol(environ, service), message, head=is_head)


def _protocol(environ: WSGIEnvironment, service: str) -> str:
    """The form of the answer, as in `iam.operations.Call`."""
    if "HTTP_X_AMZ_TARGET" in environ:
        return "json"
    if environ.get("HTTP_SMITHY_PROTOCOL") == "rpc-v2-cbor":
        return "cbor"
    if service == "s3":
        return "s3"
    form = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
    return "query" if form or "Action=" in environ.get("QUERY_STRING", "") else "rest"
