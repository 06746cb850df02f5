"""How many HTTP requests a second an HTTP API carries to a function and back."""

from __future__ import annotations

import contextlib
import http.client
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import boto3

from serverless_first.bench.function import NAME, deployed
from serverless_first.bench.measure import Measurement, benchmark, within

HANDLER = """
def handler(event, context):
    return {"lamp": event["rawPath"]}
"""
CONNECTIONS = 20
REQUESTS = 2_000
LEAST_PER_S = 150.0


@contextlib.contextmanager
def _served() -> Iterator[tuple[str, int]]:
    """A local cloud with an HTTP API in front of one small function; gives its host and port."""
    with deployed(HANDLER) as function_arn:
        api = boto3.client("apigatewayv2").create_api(Name=NAME, ProtocolType="HTTP", Target=function_arn)
        address = urlsplit(api["ApiEndpoint"])
        yield address.hostname or "", address.port or 80


def _ask(address: tuple[str, int], requests: int) -> None:
    """Sends requests one after the other over one connection that stays open; raises unless each is answered well."""
    connection = http.client.HTTPConnection(*address, timeout=60)
    with contextlib.closing(connection):
        for number in range(requests):
            connection.request("GET", f"/lamps/{number}?size=1", headers={"Accept": "application/json"})
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200 or body != b'{"lamp": "/lamps/%d"}' % number:
                raise RuntimeError(f"Request {number} was answered with {answer.status}: {body!r}")


@benchmark("http_requests_per_s")
def http_requests() -> Measurement:
    """2,000 requests at 20 connections through an HTTP API to a trivial function."""
    rates = []
    with _served() as address, ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(_ask, [address] * CONNECTIONS, [2] * CONNECTIONS))  # the environments are warm
        for _ in range(3):
            begun = time.perf_counter()
            list(pool.map(_ask, [address] * CONNECTIONS, [REQUESTS // CONNECTIONS] * CONNECTIONS))
            rates.append(REQUESTS / (time.perf_counter() - begun))
    rate = within(statistics.median(rates), "HTTP requests a second", least=LEAST_PER_S)
    against = f"{REQUESTS} requests at {CONNECTIONS} connections, HTTP API to a trivial function, no error"
    return Measurement("http_requests_per_s", rate, "1/s", against, 3)
