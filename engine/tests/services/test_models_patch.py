"""What was deleted in the local cloud is also gone from its memory."""

from __future__ import annotations

import json
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any

from kits.patch_kit import LOOK, asks_stock_moto, stock

SOURCE = """
import gc, json, weakref
{install}
from moto.sqs.models import Message
message = Message("m-1", "an order")
gone = weakref.ref(message)
del message
gc.collect()
print(json.dumps({{"gone": gone() is None, "noted": len(Message.instances_tracked)}}))
"""


def test_an_object_ends_with_its_last_user() -> None:
    install = "from serverless_cloud import services\nservices.apply('moto')"
    assert stock(SOURCE.format(install=install)) == {"gone": True, "noted": 0}


def test_a_model_that_is_a_dict_can_be_made() -> None:
    source = """
import json
from serverless_cloud import services
services.apply('moto')
from moto.meteringmarketplace.models import Result
given = {"Timestamp": "2026-11-26", "CustomerIdentifier": "hikari", "Dimension": "lamps", "Quantity": 2}
made = Result(**given)
print(json.dumps([made.status, made.usage_record.quantity]))
"""
    assert stock(source) == ["Success", 2]


@asks_stock_moto
def test_stock_moto_keeps_each_object() -> None:
    """When this fails, the patch may go."""
    assert stock(SOURCE.format(install="")) == {"gone": False, "noted": 1}, LOOK.format("moto/models.py")


RESETS = """
import gc, json, os, threading
from serverless_cloud.server import CloudServer
server = CloudServer()
threading.Thread(target=server.serve, daemon=True).start()
from moto.ec2.models import EC2Backend, ec2_backends
for _ in range(3):
    ec2_backends["123456789012"]["us-east-1"]  # made, with the subnets of a default VPC
    {reset}
gc.collect()
print(json.dumps(sum(isinstance(each, EC2Backend) for each in gc.get_objects())), flush=True)
server.stop_soon()
os._exit(0)
"""


def test_a_reset_lets_go_of_all_there_was() -> None:
    assert stock(RESETS.format(reset="server.reset()")) == 0


@asks_stock_moto
def test_stock_moto_keeps_what_it_has_reset() -> None:
    """When this fails, `forget` may go."""
    reset = "from moto.moto_api._internal.models import moto_api_backend; moto_api_backend.reset()"
    assert stock(RESETS.format(reset=reset)) > 0, LOOK.format("moto/models.py")


def test_the_cloud_keeps_no_list_of_what_it_made(aws: Any, kit: Any) -> None:
    sqs, now = kit.client("sqs"), datetime.now(UTC)
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="an order")
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    kit.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="Invocations",
        StartTime=now - timedelta(minutes=5),
        EndTime=now,
        Period=60,
        Statistics=["Sum"],
    )
    with urllib.request.urlopen(f"{aws.endpoint_url}/moto-api/data.json") as answer:
        noted = json.load(answer)
    assert noted["sqs"]["Message"] == []
    assert noted["cloudwatch"]["MetricAggregatedDatum"] == []
