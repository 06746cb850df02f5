"""Which resource and method of a REST API a request is for.

Exact parts before {parameters}, these before {proxy+}; the method itself before ANY. A slash at the end makes no
difference to the match, and the path is matched as it came, percent-encoding kept. Source: API Gateway Developer
Guide, "Set up a proxy resource" and "Set up an HTTP method"; slashes and encoding as recorded on AWS.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import unquote

from serverless_cloud.http.rest.model import Deployment, Json, Resource

#: ANY stands for these.
METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")


def route(deployment: Deployment, method: str, path: str) -> tuple[Resource, str, Json, dict[str, str]] | None:
    """Finds the method for a request.

    Args:
        method: "GET".
        path: without the stage, as it came.

    Returns:
        The resource, "GET" or "ANY", the method's settings and the path parameters; None if there is none.
    """
    parts = _parts(path)
    best: tuple[list[int], Resource, dict[str, str]] | None = None
    for resource in deployment.resources:
        if not (method in resource.methods or ("ANY" in resource.methods and method in METHODS)):
            continue
        match = _match(_parts(resource.path), parts)
        if match is not None and (best is None or match[0] < best[0]):
            best = (match[0], resource, match[1])
    if best is None:
        return None
    _, resource, parameters = best
    key = method if method in resource.methods else "ANY"
    return resource, key, resource.methods[key], parameters


def _parts(path: str) -> list[str]:
    return path.strip("/").split("/") if path.strip("/") else []


def _match(pattern: Sequence[str], parts: Sequence[str]) -> tuple[list[int], dict[str, str]] | None:
    """How well a path fits, part by part (0 exact, 1 parameter, 2 greedy), and the parameters."""
    rank: list[int] = []
    parameters: dict[str, str] = {}
    for index, part in enumerate(pattern):
        if part.startswith("{") and part.endswith("+}"):
            if index >= len(parts):
                return None
            parameters[part[1:-2]] = "/".join(parts[index:])
            return [*rank, 2], parameters
        if index >= len(parts):
            return None
        if part.startswith("{") and part.endswith("}"):
            if not parts[index]:
                return None
            parameters[part[1:-1]] = parts[index]
            rank.append(1)
        elif part == parts[index] or part == unquote(parts[index]):
            rank.append(0)
        else:
            return None
    return (rank, parameters) if len(parts) == len(pattern) else None
