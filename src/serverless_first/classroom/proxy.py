"""The hub's proxy, in Python: as its package has it, with room for a whole class at once.

Tornado's client makes ten requests at a time and waits 20 s for each; a class makes a hundred, and a server that
starts on a busy machine takes longer.
"""

from __future__ import annotations

from tornado.httpclient import AsyncHTTPClient

AT_ONCE = 2_000
LARGEST_BODY = 512 * 2**20
PATIENCE_MS = 600_000


def main() -> None:
    """Runs the proxy with the arguments that JupyterHub gives it."""
    from configurable_http_proxy import cli

    AsyncHTTPClient.configure(None, max_clients=AT_ONCE, max_body_size=LARGEST_BODY, defaults={"connect_timeout": 60.0})
    cli.main()


if __name__ == "__main__":
    main()
