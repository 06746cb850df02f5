"""The places where moto hands over event source mappings: this fails when moto changes under them."""

from __future__ import annotations

from typing import Any

import pytest
from moto.awslambda import models

from kits import patch_kit


@pytest.mark.parametrize(
    ("owner", "attributes"),
    [
        (models.EventSourceMapping, ("uuid", "arn", "event_source_arn", "function_arn", "function_name", "tags",
                                     "last_modified")),
        (models.LambdaBackend, ("_event_source_mappings",)),
    ],
)  # fmt: skip
def test_moto_still_keeps_what_the_patches_read(owner: Any, attributes: tuple[str, ...]) -> None:
    patch_kit.assert_keeps(owner, [f"self.{attribute}" for attribute in attributes], "lambda_/mappings.py")


# ---- what stock moto does wrong: when one of these fails, the patch may go

#: Without our patches: each function shows one defect, and answers True while moto has it.
STOCK = """
def make(name="orders", **attributes):
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

def accepted(arn, **settings):
    make_function("orders", "def handler(event, context): pass", **settings.pop("function", {}))
    lam.create_event_source_mapping(FunctionName="orders", EventSourceArn=arn, **settings)
    return True

def a_short_visibility_timeout_is_accepted():
    return accepted(make(VisibilityTimeout="1")[1], function={"Timeout": 60})

def a_second_mapping_is_accepted():
    arn = make()[1]
    accepted(arn)
    lam.create_event_source_mapping(FunctionName="orders", EventSourceArn=arn)
    return True

def a_large_batch_without_a_window_is_accepted():
    return accepted(make()[1], BatchSize=11)

def any_filter_is_accepted():
    return accepted(make()[1], FilterCriteria={"Filters": [{"Pattern": "lamp"}]})

def the_answer_lacks_defaults():
    make_function("orders")
    made = lam.create_event_source_mapping(FunctionName="orders", EventSourceArn=make()[1])
    return "MaximumBatchingWindowInSeconds" not in made and made["ResponseMetadata"]["HTTPStatusCode"] == 201
"""

DEFECTS = {
    "a_short_visibility_timeout_is_accepted": "lambda_/mappings.py",
    "a_second_mapping_is_accepted": "lambda_/mappings.py",
    "a_large_batch_without_a_window_is_accepted": "lambda_/mapping_rules.py",
    "any_filter_is_accepted": "lambda_/mapping_rules.py",
    "the_answer_lacks_defaults": "lambda_/mapping_answers.py",
}


test_every_defect_is_listed, test_stock_moto_still_has_the_defect = patch_kit.tests_of(
    STOCK, DEFECTS, lam="lambda", sqs="sqs", iam="iam"
)
