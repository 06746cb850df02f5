"""boto3 clients of the data plane: ordinary calls to this same server, as anybody else makes them."""

from __future__ import annotations

import os
from typing import Any

from serverless_cloud.core.once import once

_ACCOUNT = "x-moto-account-id"  # moto looks for it in each request


def client(service: str, region: str, account_id: str = "") -> Any:
    """boto3's client for a service; the same one each time.

    Args:
        service: "sqs".
        region: "us-east-1" if empty, as in the ARN of a bucket.
        account_id: where the calls are made; the cloud's own account if empty.
    """
    return _make(service, region or "us-east-1", os.environ["MOTO_PORT"], account_id)


@once()
def _make(service: str, region: str, port: str, account_id: str) -> Any:
    import boto3  # late, as in other files: it takes a third of a second
    from botocore.config import Config

    # Its own session, because the default session isn't made for threads.
    boto_client = boto3.session.Session().client(
        service,
        region_name=region,
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(
            max_pool_connections=64,
            retries={"total_max_attempts": 1},
            s3={"addressing_style": "path"},
            inject_host_prefix=False,
        ),
    )
    if account_id:
        boto_client.meta.events.register(
            "before-sign", lambda request, **_: request.headers.add_header(_ACCOUNT, account_id)
        )
    return boto_client
