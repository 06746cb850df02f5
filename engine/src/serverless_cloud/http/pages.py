"""Pages of other sites in the learner's browser: what they may ask of an API.

On AWS an API is public, and whoever sends it a request has it run. Here it stands on the learner's machine, and any
page that is open in the browser could send it a POST without asking (a "simple" request of CORS), unseen. So such a
request is run only if the API's own CORS allows the page: it is asked with the preflight request that the browser
leaves out. Only the API's configuration is asked. A function that answers OPTIONS by itself ($default, ANY) is not,
because the question would run it for a request that is then refused.
GET and HEAD, which change nothing, are run as on AWS; the browser shows the page the answer only if CORS allows it.
Programs (curl, SDKs, tests) send neither Sec-Fetch-Site nor a browser's name, and are never asked.

Sources: Fetch Standard, "CORS protocol"; Fetch Metadata Request Headers, W3C.
"""

from __future__ import annotations

import dataclasses
from urllib.parse import urlsplit

from serverless_cloud.guard import is_this_machine
from serverless_cloud.http.front import Answer, Preflight, Request, Response, message

_SAFE = ("GET", "HEAD", "OPTIONS")


def as_cors_allows(answer: Answer, preflight: Preflight) -> Answer:
    """An API that runs what a page of another site sends only if its CORS allows that page.

    Args:
        answer: the API's own.
        preflight: what the API's configuration answers to a preflight request; it runs no function.
    """

    def answered(request: Request) -> Response:
        if request.method in _SAFE or not is_of_another_site(request) or _allows(preflight, request):
            return answer(request)
        return message(
            403,
            f"A page of {request.header('origin')} sent this request, and the API's CORS does not allow that origin. "
            f"Your {request.method} was not run. To allow it, configure CORS: CorsConfiguration of an HTTP API, Cors "
            "of a function URL, an OPTIONS method with a MOCK integration of a REST API.",
        )

    return answered


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
    return not (is_this_machine(host) or host.endswith(".localhost"))  # "null", too: a sandboxed page, a file


def _allows(preflight: Preflight, request: Request) -> bool:
    origin = request.header("origin")
    asked = (
        *((name, value) for name, value in request.headers if name.lower() in ("host", "origin")),
        ("Access-Control-Request-Method", request.method),
    )
    told = preflight(dataclasses.replace(request, method="OPTIONS", headers=asked, body=b""))
    if told is None:
        return False
    allowed = [value.strip() for name, value in told.headers if name.lower() == "access-control-allow-origin"]
    return 200 <= told.status < 300 and allowed in (["*"], [origin])
