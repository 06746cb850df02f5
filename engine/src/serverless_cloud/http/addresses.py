"""The other ways to an API: by the name that AWS gives it, and by a path of the cloud's own port.

An API listens on its own port (front.py), which changes from run to run. A client that knows only the id of an API
and the cloud's endpoint, the AWS command line for one, reaches it there as well:

    http://ENDPOINT/restapis/ID/STAGE/_user_request_/orders    REST and HTTP APIs; other local clouds have this form
    http://ENDPOINT/_aws/execute-api/ID/STAGE/orders           the same, their newer form
    http://ID.execute-api.localhost:PORT/STAGE/orders          curl and browsers find names below localhost here
    Host: ID.execute-api.us-east-1.amazonaws.com               AWS's own name, at the endpoint or at the API's own port
    Host: ID.lambda-url.us-east-1.on.aws                       the same of a function URL
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from serverless_cloud.guard import is_this_machine
from serverless_cloud.http.front import FrontDoors, id_in_name
from serverless_cloud.http.request import HOST, Request, Response, message

#: In the environment of a WSGI request: the headers as they came, which WSGI itself joins and renames.
HEADERS = "serverless_cloud.headers"

_PATH = re.compile(r"/restapis/(?P<id>[^/?]+)/(?P<stage>[^/?]+)/_user_request_(?P<rest>[/?].*)?", re.DOTALL)
_NEWER_PATH = re.compile(r"/_aws/execute-api/(?P<id>[^/?]+)/(?P<stage>[^/?]+)(?P<rest>[/?].*)?", re.DOTALL)
_DEFAULT = "$default"  # the stage that an HTTP API has at its root


def answer(doors: FrontDoors, environ: Mapping[str, Any]) -> Response | None:
    """An API's answer to a request at the cloud's own port; None if the request is not for an API.

    Args:
        environ: the WSGI request, with `HEADERS` and a `Body`, which is read only if an API runs the request.
    """
    target = str(environ.get("RAW_URI", "/"))
    host = environ.get("HTTP_HOST", HOST)
    id = id_in_name(host)
    if id is None:
        if not is_this_machine(
            host.rsplit(":", 1)[0].strip("[]")
        ):  # a page's own name for this machine (DNS rebinding)
            return None
        match = _PATH.fullmatch(target) or _NEWER_PATH.fullmatch(target)
        if match is None:
            return None
        id, rest = match["id"], match["rest"] or ""
        target = rest if unquote(match["stage"]) == _DEFAULT else f"/{match['stage']}{rest}"
    if doors.url(id) is None:
        return message(404, f"This cloud has no API or function URL with the id {id}. Check the id.")
    raw_path, _, raw_query = target.partition("?")
    head = Request(
        method=environ["REQUEST_METHOD"],
        raw_path=raw_path or "/",
        raw_query=raw_query,
        headers=tuple(environ[HEADERS]),
        source_ip=environ.get("REMOTE_ADDR", ""),
        protocol=environ.get("SERVER_PROTOCOL", "HTTP/1.1"),
        port=int(environ["SERVER_PORT"]),
    )
    return doors.answer(id, head, environ["wsgi.input"])
