"""The answers when the local cloud itself fails or lacks a call, and when it failed on a request that AWS would refuse.

Without them, boto3 would show a page of HTML, or say that it can't read the page.
"""

from __future__ import annotations

import json
import sys
import traceback
from http.client import responses
from pathlib import Path
from wsgiref.types import WSGIEnvironment

from serverless_cloud.core import disk
from serverless_cloud.iam.answers import Answer, failed, not_honoured
from serverless_cloud.services.moto.mistakes import (
    NO_SUCH_CALL,
    NO_XML,
    Call,
    Mistake,
    call_of,
    form_of,
    mistake,
    taken_wrongly,
    unreadable,
)

#: How werkzeug's pages of HTML begin.
_PAGE = b"<!doctype html>\n<html lang=en>\n<title>"
#: The statuses of its pages if no service of moto has the call, or if a name in a path is empty.
_NO_SUCH_CALL = (b"404", b"405", b"Red")
#: The errors for statuses of S3 that moto answers without a body.
_OF_S3 = {
    "400": Mistake("InvalidRequest", "The request is not valid."),
    "403": Mistake("AccessDenied", "Access Denied", 403),
    "404": Mistake("NoSuchKey", "The specified key does not exist.", 404),
    "PUT": Mistake("MalformedXML", NO_XML),
}
_CHECK = "Check the arguments of the call first."
#: The refusal of a call on which moto fails by itself; the braces stand for the operation and the service.
_MOTO_FAILS = "The local cloud can't do {} of {} with these arguments, because moto fails with"
_ACTION = "The request is missing an action or a required parameter."


def of_error(error: Exception, environ: WSGIEnvironment, service: str, log: str) -> Answer:
    """The answer to a request that raised an error.

    The first of these that holds decides: the disk is full, nobody has the call, AWS refuses such a request, moto fails
    by itself, the local cloud has a bug. The traceback goes to standard error unless the call or the request is wrong.

    Args:
        error: NotImplementedError for a call that is not there.
        service: as in the request's signature.
        log: where standard error is read.
    """
    what = f"{type(error).__name__}: {error} ({_place(error)})"
    message = disk.with_advice(f"The local cloud failed with {what}.")
    form, is_head = _protocol(environ, service), environ["REQUEST_METHOD"] == "HEAD"
    call = None
    if message.endswith(f"{what}."):  # the disk has room
        call = call_of(environ, service)
        if (refused := _refusal(error, environ, service, call)) is not None:
            return refused
        message += f" {_CHECK} If they are right, the local cloud has a bug. The traceback is in {log}."
    print(f"{environ['REQUEST_METHOD']} {environ.get('PATH_INFO', '')} for {service or 'no service'}:", file=sys.stderr)
    traceback.print_exception(error)
    if call is not None and not _is_ours(error):
        words = f"{_MOTO_FAILS.format(call.name, service)} {what}. {_CHECK} The traceback is in {log}."
        return not_honoured(service, form, words, head=is_head)
    return failed("InternalFailure", "500 Internal Server Error", message, service, form, head=is_head)


def _refusal(error: Exception, environ: WSGIEnvironment, service: str, call: Call | None) -> Answer | None:
    """The answer to a call that is not there, or to a request that AWS refuses; None for any other."""
    try:
        if isinstance(error, NO_SUCH_CALL):
            return _missing(environ, service, str(error), call)
        wrong = mistake(call, error) if call is not None else unreadable(error)
        if call is None and wrong is None and not _is_ours(error):  # what the URL lacks would name the operation
            if service != "s3":
                return _no_such_path(environ, service)
            wrong = Mistake("MethodNotAllowed", "The specified method is not allowed against this resource.", 405)
    except NotImplementedError as missing:
        return _missing(environ, service, str(missing), call)
    return None if wrong is None else _refused(wrong, environ, service)


def before_moto(environ: WSGIEnvironment, service: str) -> Answer | None:
    """The answer to a request that moto accepts and AWS refuses; None for every other.

    moto stores JSON of other types as it is, and no SDK could read it later.
    """
    call = call_of(environ, service)
    wrong = taken_wrongly(call) if call is not None else None
    return None if wrong is None else _refused(wrong, environ, service)


def of_answer(status: str, body: bytes, environ: WSGIEnvironment, service: str) -> Answer | None:
    """The answer that replaces moto's where no SDK could read moto's as AWS's; None for every other."""
    if status[0] in "12":
        return None
    form, code = _protocol(environ, service), status[:3]
    if body.startswith(_PAGE):
        if body.startswith(_NO_SUCH_CALL, len(_PAGE)):
            return _no_such_path(environ, service)
        return _refused(Mistake("InvalidRequest", "The request can't be read.", int(code)), environ, service)
    if code in ("400", "403", "404") and not body and environ["REQUEST_METHOD"] not in ("HEAD", "OPTIONS"):
        if service == "s3":
            return _refused(_OF_S3["PUT" if environ["REQUEST_METHOD"] == "PUT" else code], environ, service)
        return _no_such_path(environ, service) if code == "404" else None
    asks_for_json = "json" in environ.get("HTTP_ACCEPT", "")  # as SQS's query API takes it
    if form in ("query", "s3") and body.startswith(b'{"') and not asks_for_json:  # an error in another protocol's form
        reply = json.loads(body)
        return failed(reply.get("__type", "ValidationError"), status, str(reply.get("message", "")), service, form)
    return None


def _no_such_path(environ: WSGIEnvironment, service: str) -> Answer:
    what = f"{environ['REQUEST_METHOD']} {environ.get('PATH_INFO', '')}"
    return _missing(environ, service, what, call_of(environ, service))


def _frames(error: Exception) -> list[tuple[tuple[str, ...], int]]:
    """Path and line of each frame in moto or the local cloud."""
    frames = [(Path(frame.filename).parts, frame.lineno or 0) for frame in traceback.extract_tb(error.__traceback__)]
    return [frame for frame in frames if {"moto", "serverless_cloud"} & set(frame[0])] or frames[-1:]


def _place(error: Exception) -> str:
    """File and line of the last frame in moto or the local cloud."""
    frames = _frames(error)
    return f"{'/'.join(frames[-1][0][-3:])}, line {frames[-1][1]}" if frames else "no line of it"


def _is_ours(error: Exception) -> bool:
    """Whether the last frame is the local cloud's own."""
    frames = _frames(error)
    return not frames or "moto" not in frames[-1][0] or "serverless_cloud" in frames[-1][0]


def _missing(environ: WSGIEnvironment, service: str, what: str, call: Call | None) -> Answer:
    if call is None and (unknown := _unknown(environ, service)) is not None:
        return _refused(unknown, environ, service)
    name = call.name if call is not None and call.name not in what else ""
    message = (
        f"The local cloud doesn't have this call of {service or 'AWS'}: {f'{name}: ' if name else ''}{what}. "
        "docs/fidelity.md lists what works here."
    )
    is_head = environ["REQUEST_METHOD"] == "HEAD"
    return not_honoured(service, _protocol(environ, service), message, head=is_head)


def _unknown(environ: WSGIEnvironment, service: str) -> Mistake | None:
    """AWS's answer to an operation that AWS doesn't have either; None where the path names the operation."""
    form = _protocol(environ, service)
    if form == "json":
        name = environ["HTTP_X_AMZ_TARGET"].rpartition(".")[2]
        return Mistake("UnknownOperationException", f"The operation {name} is not known.")
    if form != "query":
        return None
    parameters = form_of(environ)
    if name := parameters.get("Action", ""):
        message = f"Could not find operation {name} for version {parameters.get('Version', '')}"
        return Mistake("InvalidAction", message.rstrip())
    return Mistake("MissingAction", _ACTION)


def _refused(wrong: Mistake, environ: WSGIEnvironment, service: str) -> Answer:
    form, is_head = _protocol(environ, service), environ["REQUEST_METHOD"] == "HEAD"
    status = f"{wrong.status} {responses.get(wrong.status, 'Bad Request')}"
    return failed(wrong.code, status, wrong.message, service, form, head=is_head)


def _protocol(environ: WSGIEnvironment, service: str) -> str:
    """The form of the answer, as in `iam.actions.Call`."""
    if "HTTP_X_AMZ_TARGET" in environ:
        return "json"
    if environ.get("HTTP_SMITHY_PROTOCOL") == "rpc-v2-cbor":
        return "cbor"
    if service == "s3":
        return "s3"
    form = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
    is_query = form or "Action=" in environ.get("QUERY_STRING", "") or service in ("route53", "cloudfront")
    return "query" if is_query else "rest"
