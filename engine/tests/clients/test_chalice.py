"""Chalice as its quickstart uses it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from kits import client_kit
from kits.client_kit import Shell

pytestmark = pytest.mark.nightly

#: Fields of a REST API's event that Chalice reads and this event leaves empty.
UNUSED = ("multiValueQueryStringParameters", "headers", "pathParameters", "stageVariables", "body", "isBase64Encoded")
MORE = """

@app.route('/lamps/{name}', methods=['GET'])
def lamp(name):
    return {'lamp': name, 'via': app.current_request.query_params['via']}
"""


def test_the_quickstart_of_chalice(shell: Callable[..., Shell], clients: Path) -> None:
    run = shell(client_kit.python_client(clients, "chalice", "setuptools"))
    run("chalice new-project shop")
    app = Shell(run.folder / "shop", run.environ)
    assert "Rest API URL" in app("chalice deploy")
    url = app("chalice url").strip()
    assert app.page(url) == '{"hello":"world"}'
    with (app.folder / "app.py").open("a", encoding="utf-8") as code:
        code.write(MORE)
    app("chalice deploy")
    assert app.page(f"{url}lamps/hikari?via=chalice") == '{"lamp":"hikari","via":"chalice"}'
    event = {"httpMethod": "GET", "resource": "/", "path": "/"}
    app.write(
        "event.json",
        json.dumps(dict.fromkeys(UNUSED) | event | {"requestContext": {"httpMethod": "GET", "resourcePath": "/"}}),
    )
    assert "hello" in app("chalice invoke -n api_handler < event.json")
    app("chalice logs")
    app("chalice delete")
    app("chalice url", exit_code=2)
