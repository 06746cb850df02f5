"""The local cloud's own calls, beside AWS's: under /_local/ on the same port, JSON in and out.

    GET  /_local/environments?region=R[&function=F]    the execution environments, ended ones included
    GET  /_local/now?region=R                          what runs at this moment, for the live view (view/moment.py)
    GET  /_local/timeline?region=R&function=F          what each of them did when
    GET  /_local/database?region=R&identifier=I        where an RDS instance or proxy takes connections: [host, port]
    GET  /_local/database-sessions?region=R&identifier=I    the clients that an RDS instance has now
    GET  /_local/url?url=https://ID.execute-api...     where an API or a function URL of this cloud is reached: a string
    GET  /_local/proxy-events?region=R&name=N&after=0  what a DB proxy did
    GET  /_local/package?arn=A                         a function's deployment package, or a layer version's content;
                                                       GetFunction and GetLayerVersion give this address
    POST /_local/image                                 {"name": "hikari/render", "folder": "/..."}: a folder stands for
                                                       the image of jobs; its full name
    POST /_local/settings                              {"idle_expiry_s": 600, "time_scale": 60, "enforce_iam": true},
                                                       or some of them; also "network_model": "hyperplane" or "2019"
    POST /_local/reset                                 forget every resource, end every environment
    POST /_local/stop                                  end the server

An API or a function URL is answered here too, by its path or its name: http/addresses.py.

Requests that a web page could send are refused: any page that the learner has open could otherwise run code here.
"""

from __future__ import annotations

import io
import json
import re
import traceback
from collections.abc import Callable, Iterable
from dataclasses import asdict
from http.client import responses
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from serverless_cloud import faults
from serverless_cloud.core import clock, disk
from serverless_cloud.core.refusals import refusal, refuse_subresource
from serverless_cloud.errors import CloudError
from serverless_cloud.gateway.desk import FrontDesk
from serverless_cloud.guard import is_this_machine
from serverless_cloud.http import addresses
from serverless_cloud.http.front import local_url
from serverless_cloud.iam.answers import Answer
from serverless_cloud.iam.gate import Gate
from serverless_cloud.iam.permissions import ACCOUNT_ID
from serverless_cloud.lambda_.environment import Environment
from serverless_cloud.lambda_.lifecycle import State
from serverless_cloud.network.interfaces import Model
from serverless_cloud.plane import DataPlane
from serverless_cloud.records import Interval
from serverless_cloud.services import LateServices, live_view
from serverless_cloud.services.lambda_ import function_calls
from serverless_cloud.settings import CHANGEABLE, check

PREFIX = "/_local/"

StartResponse = Callable[..., Any]
WsgiApp = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

#: The services whose requests are checked before moto stores what is wrong in them. A check costs time, so services
#: that are called often are left out.
_LOOKED_AT = frozenset(("apigateway", "athena", "batch", "ec2", "kms", "logs", "ssm"))
_PHASES = {State.INIT: "init", State.BUSY: "invoke", State.FROZEN: "frozen"}


class LocalCloudApp:
    """The WSGI application of the server: our own calls, refusals, and moto for everything else.

    Args:
        late: installs a service before its first call.
        reset, stop: called for the calls of these names.
        log: where the server's standard error is read; errors name it.
    """

    def __init__(
        self,
        moto: WsgiApp,
        late: LateServices,
        plane: DataPlane,
        reset: Callable[[], None],
        stop: Callable[[], None],
        log: str,
    ) -> None:
        self._moto, self._late, self._plane, self._reset, self._stop, self._log = moto, late, plane, reset, stop, log
        self._gate, self._desk = Gate(plane.permissions), FrontDesk(plane.providers, plane.permissions)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if (of_api := addresses.answer(self._plane.doors, environ)) is not None:  # open to web pages, as APIs are
            start_response(f"{of_api.status} {responses.get(of_api.status, 'Unknown')}", list(of_api.headers))
            return [of_api.body]
        if reason := _from_a_web_page(environ):
            return _json(start_response, "403 Forbidden", {"message": reason})
        environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read())  # not earlier: a page can send any size
        method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")
        if path.startswith(PREFIX):
            try:
                return self._own_call(environ, start_response, method, path.removeprefix(PREFIX))
            except CloudError as error:
                return _json(start_response, "400 Bad Request", {"message": str(error)})
            except (ValueError, KeyError, TypeError) as error:
                return _json(start_response, "400 Bad Request", {"message": f"{type(error).__name__}: {error}"})
            except Exception as error:
                traceback.print_exc()
                message = disk.with_advice(f"The local cloud failed with {error!r}. The traceback is in {self._log}.")
                return _json(start_response, "500 Internal Server Error", {"message": message})
        if body := refusal(method, path):
            headers = [("Content-Type", "application/json"), ("x-amzn-ErrorType", "NotImplementedException")]
            start_response("400 Bad Request", [*headers, ("Content-Length", str(len(body)))])
            return [body]
        answer = self._answer(environ)
        start_response(answer.status, answer.headers)
        return [answer.body]

    def _answer(self, environ: dict[str, Any]) -> Answer:
        """The gate's refusal, moto's answer, or what is said where it has none."""
        service = _service(environ)
        head: list[Any] = []
        try:
            if self._plane.permissions.enforced and (refused := self._gate.refuses(environ)) is not None:
                return refused
            if service in self._late.missing:
                self._late.before(service)
            if service == "s3" and environ.get("QUERY_STRING"):
                refuse_subresource(environ["REQUEST_METHOD"], environ["QUERY_STRING"])
            if service in _LOOKED_AT and (refused := faults.before_moto(environ, service)) is not None:
                return refused
            if service in self._plane.providers and self._desk.serves(environ, service):
                return self._desk.answer(environ, service)
            parts = self._moto(environ, lambda status, headers, _=None: head.extend((status, headers)))
            body = b"".join(parts)
            if hasattr(parts, "close"):
                parts.close()
        except Exception as error:
            return faults.of_error(error, environ, service, self._log)
        return faults.of_answer(head[0], body, environ, service) or Answer(head[0], head[1], body)

    def _own_call(
        self, environ: dict[str, Any], start_response: StartResponse, method: str, call: str
    ) -> Iterable[bytes]:
        query = {k: v[0] for k, v in parse_qs(environ.get("QUERY_STRING", "")).items()}
        answer: Any = {}
        if (method, call) == ("GET", "package"):
            return _package(start_response, query["arn"])
        if (method, call) == ("GET", "environments"):
            answer = [_as_dict(e) for e in self._environments(query)]
        elif (method, call) == ("GET", "now"):
            answer = live_view.look(self._plane, ACCOUNT_ID, query["region"])
        elif (method, call) == ("GET", "timeline"):
            answer = timeline(self._environments(query))
        elif (method, call) == ("GET", "database"):
            answer = self._address(query["region"], query["identifier"])
        elif (method, call) == ("GET", "database-sessions"):
            answer = self._plane.databases.sessions(ACCOUNT_ID, query["region"], query["identifier"])
        elif (method, call) == ("GET", "url"):
            answer = local_url(self._plane.doors, query["url"])
        elif (method, call) == ("GET", "proxy-events"):
            proxy = self._plane.proxies.named(ACCOUNT_ID, query["region"], query["name"])
            answer = proxy.answer("events", after=int(query["after"]))["events"]
        elif (method, call) == ("POST", "settings"):
            self._change(_body(environ))
        elif (method, call) == ("POST", "image"):
            body = _body(environ)
            answer = self._plane.batch.images.put(body["name"], Path(body["folder"]))
        elif (method, call) == ("POST", "reset"):
            try:
                self._reset()
            except Exception as error:  # of whatever kind: no mistake of the caller's
                raise RuntimeError(f"reset: {error!r}") from error
        elif (method, call) == ("POST", "stop"):
            self._stop()
        else:
            message = f"The local cloud has no call {method} {PREFIX}{call}."
            return _json(start_response, "404 Not Found", {"message": message})
        return _json(start_response, "200 OK", answer)

    def _change(self, settings: dict[str, Any]) -> None:
        if not settings:
            raise ValueError(f"The call has no setting. Give one of {', '.join(CHANGEABLE)}.")
        check(settings)
        fleet, clock, permissions = self._plane.fleet, self._plane.queue.clock, self._plane.permissions
        fleet.idle_expiry_s = settings.get("idle_expiry_s", fleet.idle_expiry_s)
        clock.scale = settings.get("time_scale", clock.scale)
        permissions.enforced = settings.get("enforce_iam", permissions.enforced)
        self._plane.network.model = Model(settings.get("network_model", self._plane.network.model))

    def _address(self, region: str, identifier: str) -> list[Any]:
        if self._plane.databases.get(ACCOUNT_ID, region, identifier) is None and (
            proxy := self._plane.proxies.get(ACCOUNT_ID, region, identifier)
        ):
            return ["127.0.0.1", proxy.wait_until_ready()]
        try:
            address = self._plane.databases.address(ACCOUNT_ID, region, identifier)
        except CloudError as error:
            if names := self._plane.proxies.names(ACCOUNT_ID, region):
                raise CloudError(f"{error} DB proxies: {', '.join(names)}.") from error
            raise
        return [address.host, address.port]

    def _environments(self, query: dict[str, str]) -> list[Environment]:
        return self._plane.fleet.of(ACCOUNT_ID, query["region"], query.get("function"))


#: Credential=KEY/DATE/REGION/SERVICE/aws4_request in a header or, its slashes encoded, in a presigned URL.
_SCOPE = re.compile(r"Credential=[^,&]*(?:/|%2F)([a-z0-9-]+)(?:/|%2F)aws4_request", re.IGNORECASE)
_QUEUE = re.compile(r"/\d{12}/[\w.-]+/?")
_OF_MOTO = re.compile(r"/([a-z0-9-]+)_[a-z0-9-]+/")


def _service(environ: dict[str, Any]) -> str:
    """Which service a request is for, by its signature; "" if nothing says so.

    moto calls itself without one, and has the service in the path: /SERVICE_REGION/.
    """
    signed = environ.get("HTTP_AUTHORIZATION") or environ.get("QUERY_STRING", "")
    path, query = environ.get("PATH_INFO", ""), environ.get("QUERY_STRING", "")
    if match := _SCOPE.search(signed) or _OF_MOTO.match(path):
        return match.group(1)
    # Only SQS takes calls without a signature, at the address of a queue or by its version.
    is_for_sqs = "Action=" in query and (_QUEUE.fullmatch(path) or "Version=2012-11-05" in query)
    return "sqs" if is_for_sqs else ""


def _body(environ: dict[str, Any]) -> dict[str, Any]:
    """The body of a call of ours."""
    body: dict[str, Any] = json.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
    return body


def _as_dict(environment: Environment) -> dict[str, Any]:
    return {
        "id": environment.id,
        "function": environment.spec.name,
        "version": environment.spec.version,
        "provisioned": environment.provisioned,
        "pid": environment.pid,
        "state": environment.state.value,
        "invocations": environment.invocations,
        "created_s": environment.created_s,
        "last_used_s": environment.last_used_s,
        "memory_mb": environment.memory_mb,
    }


def timeline(environments: list[Environment]) -> list[dict[str, Any]]:
    """The phases of each environment with their times, as rows of `records.Interval`.

    A phase that is still going on ends now.
    """
    if not environments:
        return []
    zero_s, now_s = min(e.created_s for e in environments), clock.now_s()
    rows = []
    for environment in environments:
        history = list(environment.life.history)
        ends = [begun for begun, _ in history[1:]] + [now_s]
        for (begun, state), end in zip(history, ends, strict=True):
            if state in _PHASES:
                phase = Interval(environment.id, environment.pid, _PHASES[state], begun - zero_s, end - zero_s)
                rows.append(asdict(phase))
    return rows


def _from_a_web_page(environ: dict[str, Any]) -> str | None:
    """Why a request is refused as coming from a web page; None for one from an SDK or the command line."""
    host = environ.get("HTTP_HOST", "127.0.0.1").rsplit(":", 1)[0].strip("[]")
    if not is_this_machine(host):
        return f"The local cloud answers at 127.0.0.1 and localhost, not at {host}. Use one of these names."
    # Browsers send Sec-Fetch-Site with everything, Origin not with a picture's or a link's address.
    if "HTTP_ORIGIN" in environ or environ.get("HTTP_SEC_FETCH_SITE", "none") != "none":
        return "The local cloud doesn't answer requests that a web page sends. Send them from a program."
    return None


def _package(start_response: StartResponse, arn: str) -> list[bytes]:
    if (code := function_calls.package(arn)) is None:
        return _json(start_response, "404 Not Found", {"message": f"There is no function or layer {arn}."})
    start_response("200 OK", [("Content-Type", "application/zip"), ("Content-Length", str(len(code)))])
    return [code]


def _json(start_response: StartResponse, status: str, answer: Any) -> list[bytes]:
    body = json.dumps(answer).encode()
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
