"""HTTP integrations: requests to servers on this machine. No other is ever reached."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

import urllib3

from serverless_cloud.errors import CloudError
from serverless_cloud.guard import stays_here
from serverless_cloud.http.answers import DOORS_OWN
from serverless_cloud.http.rest.parameter_mapping import Answered

WAIT_S = 30.0  # no integration waits longer: its timeout is 29 s at most


class Unreachable(CloudError):
    """No server answers there."""


def is_of_aws(url: str) -> bool:
    """Whether an address is AWS's for an API or a function URL, which `local_url` replaces."""
    try:
        return (urlsplit(url).hostname or "").endswith((".amazonaws.com", ".on.aws"))
    except ValueError:  # it cannot be read
        return False


@dataclass(frozen=True)
class Backend:
    """A request to a server.

    Args:
        headers, query: the values by name.
        body: sent unless the method has none.
    """

    method: str
    url: str
    headers: Mapping[str, list[str]]
    query: Mapping[str, list[str]]
    body: bytes


class Backends:
    """Sends requests to servers on this machine.

    Args:
        local_url: where an address of AWS (of another API of this cloud) is reached here.
    """

    def __init__(self, local_url: Callable[[str], str]) -> None:
        self._local_url = local_url
        self._http = urllib3.PoolManager(maxsize=32, retries=False, timeout=WAIT_S)

    def send(self, backend: Backend) -> Answered:
        """Sends a request and reads the answer.

        Raises:
            Unreachable: nobody answers.
            CloudError: the server is not on this machine.
        """
        url = self._url(backend.url)
        if backend.query:
            url += ("&" if urlsplit(url).query else "?") + urlencode(backend.query, doseq=True)
        headers = urllib3.HTTPHeaderDict()
        for name, values in backend.headers.items():
            for value in values if name.lower() not in DOORS_OWN else ():
                headers.add(name, value)
        body = backend.body if backend.method not in ("GET", "HEAD", "OPTIONS") or backend.body else None
        try:
            answer = self._http.request(
                backend.method, url, headers=headers, body=body, redirect=False, decode_content=False
            )
        except urllib3.exceptions.HTTPError as error:
            raise Unreachable(f"{url}: {error}") from error
        answer_headers = tuple((name, value) for name, value in answer.headers.items() if name.lower() not in DOORS_OWN)
        return Answered(answer.status, answer_headers, answer.data, str(answer.status))

    def _url(self, url: str) -> str:
        if stays_here(url):
            return url
        if is_of_aws(url):
            return self._local_url(url)  # raises if this cloud does not have it
        raise CloudError(
            f"An HTTP integration can't reach {url}, because the local cloud sends requests only to this machine. "
            "Start a server on 127.0.0.1 and give an address such as http://127.0.0.1:8080/path."
        )
