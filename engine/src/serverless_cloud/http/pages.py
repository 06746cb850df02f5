"""Requests to an API from pages of other sites in the learner's browser.

On AWS an API is public, and it runs every request. Here it runs on the learner's machine, and any page that is open in
the browser could send it a POST unseen and without asking (a "simple" request of CORS). So the local cloud runs such a
request only if the API's own CORS allows the page. It asks with the preflight request that the browser leaves out, and
it asks only the API's configuration. It doesn't ask a function that answers OPTIONS by itself ($default, ANY), because
the question would run the function for a request that is then refused.
For the same reason only the configuration answers the preflight request that a browser sends itself.
GET and HEAD change nothing, so they run as on AWS. The browser shows the page the answer only if CORS allows it.
Programs such as curl, SDKs and tests send neither Sec-Fetch-Site nor a browser's name, so they are never asked.

Sources: Fetch Standard, "CORS protocol"; Fetch Metadata Request Headers, W3C.
"""

from __future__ import annotations

import dataclasses
from urllib.parse import urlsplit

from serverless_cloud.guard import is_this_machine
from serverless_cloud.http.cors import is_preflight
from serverless_cloud.http.request import Preflight, Request, Response, message

_SAFE = ("GET", "HEAD")


def answer_without_running(preflight: Preflight, head: Request) -> Response | None:
    """The answer to a request of another site's page that runs nothing; None if the API runs the request.

    Args:
        preflight: what the API's configuration answers to a preflight request; it runs no function.
        head: the request without its body.
    """
    if head.method in _SAFE or not is_of_another_site(head):
        return None
    if is_preflight(head):
        answer = preflight(head)
        if answer is not None:
            return answer
    elif _allows(preflight, head):
        return None
    return message(
        403,
        f"A page of {head.header('origin')} sent this {head.method}, but the API's CORS doesn't allow that "
        f"origin, so the API did not run the {head.method}. To allow it, set CorsConfiguration of an HTTP API "
        "or Cors of a function URL, or add an OPTIONS method with a MOCK integration to a REST API.",
    )


def is_of_another_site(request: Request) -> bool:
    """Whether a browser sends this for a page that does not come from this machine."""
    is_browser = bool(request.header("sec-fetch-site")) or request.header("user-agent").startswith("Mozilla/")
    origin = request.header("origin")
    if not is_browser or not origin:  # browsers send it with all that is not GET or HEAD
        return False
    try:
        host = urlsplit(origin).hostname or ""
    except ValueError:
        return True
    return not (is_this_machine(host) or host.endswith(".localhost"))  # also "null", from a sandboxed page or a file


def _allows(preflight: Preflight, request: Request) -> bool:
    origin = request.header("origin")
    headers = (
        *((name, value) for name, value in request.headers if name.lower() in ("host", "origin")),
        ("Access-Control-Request-Method", request.method),
    )
    answer = preflight(dataclasses.replace(request, method="OPTIONS", headers=headers, body=b""))
    if answer is None:
        return False
    allowed = [value.strip() for name, value in answer.headers if name.lower() == "access-control-allow-origin"]
    return 200 <= answer.status < 300 and allowed in (["*"], [origin])
