"""The guard. While it is armed, boto3 in this process can reach only this machine.

It works in the HTTP session, the last point that every botocore client passes before a byte leaves. So it also covers
clients made before it was armed, explicit endpoints, profiles, and code that fetches credentials. It patches botocore
at its first import, so a handler that never imports botocore pays nothing. Every execution environment loads this file
in its cold start, so it imports little of the standard library at first, and no package.
"""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder

from serverless_cloud.errors import advice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

_HTTP_SESSION = "botocore.httpsession"
_allowed_hosts: set[str] = set()
_armed = False
_where = ""  # how to allow real AWS, from `advise`


class RealAwsRefused(RuntimeError):
    """The guard refused a request to another machine, before anything was sent."""


def arm(allowed_hosts: Sequence[str] = ()) -> None:
    """Lets botocore reach only this machine and `allowed_hosts` (names without port) from now on."""
    global _armed, _where
    _allowed_hosts.clear()
    _allowed_hosts.update(host.lower() for host in allowed_hosts)
    _armed, _where = True, advice("real AWS", "")
    if _HTTP_SESSION in sys.modules:
        _wrap_send(sys.modules[_HTTP_SESSION])
    elif not any(isinstance(finder, _AfterImport) for finder in sys.meta_path):
        sys.meta_path.insert(0, _AfterImport())


def disarm() -> None:
    """Lets botocore reach any host again."""
    global _armed
    _armed = False


def is_armed() -> bool:
    """Whether the guard refuses requests to other machines now."""
    return _armed


def is_this_machine(host: str) -> bool:
    """Whether a host name or address can only mean this machine."""
    name = host.lower().rstrip(".")
    if name == "localhost":  # names below it are looked up on some systems, RFC 6761 or not
        return True
    import ipaddress  # late, as the docstring above says

    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def hosts_of(url: str) -> set[str]:
    """The hosts that parsers read from an address, in lower case; "" stands for none.

    Python's `urlsplit` and urllib3, with which botocore connects, read `http://evil.example\\@127.0.0.1/` in two ways.
    An address is safe only if all its hosts are.

    Raises:
        ValueError: the address cannot be read.
    """
    from urllib.parse import urlsplit

    from urllib3.util import parse_url

    return {(urlsplit(url).hostname or "").lower(), (parse_url(url).host or "").strip("[]").lower()}


def stays_here(url: str) -> bool:
    """Whether every parser reads this machine from an address; False if it cannot be read."""
    try:
        return all(is_this_machine(host) for host in hosts_of(url))
    except ValueError:
        return False


def refuse_other_hosts(url: str, proxy_url: str | None = None) -> None:
    """Raises if `url`, or the proxy on the way to it, lies outside this machine while the guard is armed.

    Raises:
        RealAwsRefused: with the host that was refused and how to turn the guard off.
    """
    if not _armed:
        return
    for target, role in ((url, ""), (proxy_url, "through the proxy ")):
        if not target:
            continue
        outside = sorted(h for h in hosts_of(target) if not is_this_machine(h) and h not in _allowed_hosts)
        if not outside:
            continue
        host = outside[-1]
        raise RealAwsRefused(
            f"Refused: this request would have left your machine {role}for {host}. Nothing was sent. While the local "
            "cloud is on, boto3 can reach only 127.0.0.1. If you didn't mean to reach AWS, create the client after "
            "cloud.start() and without endpoint_url. To reach AWS on purpose, run aws.stop() and then "
            f"cloud.start(allow_real_aws=True){_where}."
        )


def _wrap_send(module: ModuleType) -> None:
    """Puts the guard in front of `URLLib3Session.send`, only once."""
    session: Any = module.URLLib3Session
    original: Callable[..., Any] = session.send
    if getattr(original, "is_guarded", False):
        return

    def send(self: Any, request: Any) -> Any:
        refuse_other_hosts(request.url, self._proxy_config.proxy_url_for(request.url))
        return original(self, request)

    send.is_guarded = True  # type: ignore[attr-defined]
    session.send = send


class _AfterImport:
    """Patches botocore.httpsession at its import."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != _HTTP_SESSION:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.loader is None:
            return None
        load: Callable[[ModuleType], None] = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            load(module)
            _wrap_send(module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec
