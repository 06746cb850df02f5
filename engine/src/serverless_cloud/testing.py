"""A pytest fixture: `local_cloud`, an empty local cloud for each test.

In conftest.py:  pytest_plugins = ["serverless_cloud.testing"]
In a test:       def test_an_order_is_stored(local_cloud): boto3.client("sqs").create_queue(QueueName="orders")
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from serverless_cloud.client import Cloud, start


@pytest.fixture(scope="session")
def local_cloud_of_the_run() -> Iterator[Cloud]:
    """The local cloud of the whole run; it starts with the first test that wants one."""
    with start() as aws:
        yield aws


@pytest.fixture
def local_cloud(local_cloud_of_the_run: Cloud) -> Iterator[Cloud]:
    """An empty local cloud that boto3 reaches without further settings. It is emptied again after the test."""
    local_cloud_of_the_run.reset()
    yield local_cloud_of_the_run
    local_cloud_of_the_run.reset()
