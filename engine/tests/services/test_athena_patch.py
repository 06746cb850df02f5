"""A query of Athena is refused."""

from __future__ import annotations

import boto3
import pytest
from botocore.exceptions import ClientError

from serverless_cloud import Cloud


def test_a_query_is_refused_and_says_what_to_do(aws: Cloud) -> None:
    athena = boto3.client("athena", region_name=aws.region)
    with pytest.raises(ClientError, match=r"doesn't run Athena queries.*DuckDB"):
        athena.start_query_execution(QueryString="SELECT 1", ResultConfiguration={"OutputLocation": "s3://hikari/out"})
    assert athena.list_query_executions()["QueryExecutionIds"] == []
