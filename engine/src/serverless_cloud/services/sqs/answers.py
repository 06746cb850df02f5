"""Corrections of SQS's answers: fields that moto leaves out, and fields that AWS doesn't have.

moto counts a receipt that stands twice in a batch for one id, lists nothing where AWS leaves a list out, knows no trace
header of a request and no hash of system attributes, and writes the newer version into a policy that SQS makes itself.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlparse

from moto.core.responses import ActionResult
from moto.sqs import models
from moto.sqs.models import Queue, SQSBackend, sqs_backends
from moto.sqs.responses import SQSResponse

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Patch, Service
from serverless_cloud.services.sqs import validation as sqs_refusals

patches = Service(
    "sqs",
    defect="engine/tests/sqs/test_mapping_patches.py::test_stock_moto_still_has_the_defect[a_batch_lists_nothing]",
)

_BATCHES = ("send_message_batch", "change_message_visibility_batch")
_OWN_VERSION = "2008-10-17"  # of the policy that AddPermission makes


def _without_empty(answer: ActionResult) -> ActionResult:
    """An answer without its empty lists and objects, which AWS leaves out."""
    result: Any = answer.result
    return ActionResult({name: value for name, value in result.items() if value})


def _hash_of(system_attributes: JsonObject) -> str:
    """The MD5 of message attributes, computed as the SDKs compute it."""
    message = models.Message("", "")
    message.message_attributes = system_attributes
    return message.attribute_md5


def _traced(response: SQSResponse, given: JsonObject) -> None:
    """Gives a message the trace header of its request, unless it has its own."""
    if header := response.headers.get("X-Amzn-Trace-Id"):
        own = given.get("MessageSystemAttributes") or {}
        header_as_attribute = {"AWSTraceHeader": {"DataType": "String", "StringValue": header}}
        given["MessageSystemAttributes"] = header_as_attribute | own


@patches.replaces("moto.sqs.responses:SQSResponse._get_queue_name", upstream="The URL of a queue may end with a slash.")
def get_queue_name(response: SQSResponse) -> str:
    url = response._get_param("QueueUrl")
    is_name = isinstance(url, str) and not url.startswith(("http://", "https://"))
    return get_queue_name.original(response) if is_name else str(url or response.path).rstrip("/").rpartition("/")[2]


@patches.replaces("moto.sqs.responses:validate_message_attributes")
def validate_message_attributes(message_attributes: JsonObject) -> None:
    """Nothing: attributes are checked with their message, so that a bad entry doesn't refuse its whole batch."""


@patches.replaces("moto.sqs.responses:SQSResponse.send_message")
def send_message(response: SQSResponse) -> ActionResult:
    own = response._get_param("MessageSystemAttributes")
    _traced(response, response.params)
    answer = send_message.original(response)
    result: Any = answer.result
    return ActionResult(result | {"MD5OfMessageSystemAttributes": _hash_of(own)}) if own else answer


@patches.replaces_each("moto.sqs.responses:SQSResponse", _BATCHES, expects="self")
def _answer_batch(patch: Patch[..., ActionResult], response: SQSResponse) -> ActionResult:
    entries: list[JsonObject] = response._get_param("Entries", [])
    own = {entry.get("Id"): entry.get("MessageSystemAttributes") for entry in entries if "MessageBody" in entry}
    if own:
        for entry in entries:
            _traced(response, entry)
    answer = patch.original(response)
    result: Any = answer.result
    for row in result["Successful"]:
        if given := own.get(row["Id"]):
            row["MD5OfMessageSystemAttributes"] = _hash_of(given)
    return _without_empty(answer)


@patches.replaces("moto.sqs.responses:SQSResponse.delete_message_batch")
def delete_message_batch(response: SQSResponse) -> ActionResult:
    done, failed = response.sqs_backend.delete_message_batch(
        response._get_queue_name(), response._get_param("Entries", [])
    )
    return _without_empty(ActionResult({"Successful": [{"Id": each} for each in done], "Failed": failed}))


@patches.replaces("moto.sqs.responses:SQSResponse.change_message_visibility")
def change_message_visibility(response: SQSResponse) -> ActionResult:
    sqs_refusals.check_receive({"VisibilityTimeout": response._get_param("VisibilityTimeout")})
    return change_message_visibility.original(response)


@patches.replaces("moto.sqs.responses:SQSResponse.list_queue_tags")
def list_queue_tags(response: SQSResponse) -> ActionResult:
    return _without_empty(list_queue_tags.original(response))


@patches.replaces(
    "moto.sqs.responses:SQSResponse.get_queue_url", upstream="GetQueueUrl looks in the account that it is given."
)
def get_queue_url(response: SQSResponse) -> ActionResult:
    owner = response._get_param("QueueOwnerAWSAccountId") or response.current_account
    queue = sqs_backends[owner][response.region].get_queue(response._get_param("QueueName"))
    return ActionResult({"QueueUrl": queue.url(urlparse(response.uri))})


@patches.replaces("moto.sqs.models:SQSBackend.add_permission")
def add_permission(
    backend: SQSBackend, region_name: str, queue_name: str, actions: list[str], account_ids: list[str], label: str
) -> None:
    queue: Queue = backend.get_queue(queue_name)
    sqs_refusals.check_permission(label, account_ids)
    if not queue.policy:
        queue._policy_json["Version"] = _OWN_VERSION
    add_permission.original(backend, region_name, queue_name, actions, account_ids, label)


@patches.replaces("moto.sqs.models:SQSBackend.tag_queue", upstream="A tag's key has 1 to 128 characters.")
def tag_queue(backend: SQSBackend, queue_name: str, tags: dict[str, str]) -> None:
    backend.get_queue(queue_name)
    sqs_refusals.check_tags(tags)
    tag_queue.original(backend, queue_name, tags)
