"""Seam: what a state machine calls is in this cloud (moto 5.2.5).

Replaced: `boto_client_for` in each module that has imported it. moto makes a client for every call, from boto3's
default session, which is not made for threads, with whatever proxies and settings lie around, and for "localhost",
which need not be 127.0.0.1.
"""

from __future__ import annotations

import functools
import os
import sys
from typing import Any

_MOST_CALLS = 200  # at once, of one service: tasks that wait for a function hold a connection each


def client(region: str, service: str, state_credentials: Any = None) -> Any:
    """boto3's client for a service of this cloud; the same one each time.

    Args:
        region, service: as for boto3.
        state_credentials: the role of the machine or of the task; not looked at.
    """
    del state_credentials
    return _make(service, region, os.environ["MOTO_PORT"])


@functools.cache
def _make(service: str, region: str, port: str) -> Any:
    import boto3
    from botocore.config import Config

    return boto3.session.Session().client(
        service,
        region_name=region,
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(
            max_pool_connections=_MOST_CALLS,
            retries={"total_max_attempts": 1},
            read_timeout=None,  # a function may take 15 minutes; the state's own timeout ends the wait
            parameter_validation=False,  # the service refuses, in its own words
            proxies={},
            s3={"addressing_style": "path"},
            inject_host_prefix=False,
        ),
    )


def install() -> None:
    """Gives moto's interpreter these clients."""
    for name, module in list(sys.modules.items()):
        if name.startswith("moto.stepfunctions.parser.") and hasattr(module, "boto_client_for"):
            setattr(module, "boto_client_for", client)  # noqa: B010
