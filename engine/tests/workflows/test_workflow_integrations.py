"""Names and shapes of integrations, failures of a Map Run: rules without a cloud."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from serverless_cloud.workflows import parameter_names, task_resources
from serverless_cloud.workflows.map_run import MapRun


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("jobName", "JobName"),
        ("ETag", "ETag"),
        ("DBInstanceIdentifier", "DbInstanceIdentifier"),
        ("SSEKMSKeyId", "SsekmsKeyId"),
        ("MD5OfMessageBody", "Md5OfMessageBody"),
        ("S3Bucket", "S3Bucket"),
    ],
)
def test_members_are_written_as_javas_sdk_names_them(name: str, written: str) -> None:
    assert parameter_names.pascal(name) == written


def _input(service: str, operation: str) -> Any:
    return task_resources.model(service).operation_model(operation).input_shape


def test_parameters_find_their_members_however_these_are_written() -> None:
    given = {"JobName": "n", "JobQueue": "q", "ContainerOverrides": {"Environment": [{"Name": "A", "Value": "1"}]}}
    assert parameter_names.to_boto({**given, "JobDefinition": "d"}, _input("batch", "SubmitJob")) == {
        "jobName": "n",
        "jobQueue": "q",
        "jobDefinition": "d",
        "containerOverrides": {"environment": [{"name": "A", "value": "1"}]},
    }


def test_all_that_does_not_fit_is_told_at_once() -> None:
    given = {"jobName": "n", "JobQueue": 7, "Parameters": ["a"]}
    with pytest.raises(parameter_names.UnfitParameters) as refused:
        parameter_names.to_boto(given, _input("batch", "SubmitJob"))
    assert refused.value.problems == [
        'The field "jobName" is not supported by Step Functions',
        "The value for the field 'JobQueue' must be a STRING",
        "The value for the field 'Parameters' must be an OBJECT",
        "The field 'JobName' is required but was missing",
        "The field 'JobDefinition' is required but was missing",
    ]


def test_times_are_written_as_the_integration_writes_them() -> None:
    shape = task_resources.model("stepfunctions").operation_model("StartExecution").output_shape
    answer = {"executionArn": "arn", "startDate": datetime(2026, 11, 25, 12, tzinfo=UTC)}
    assert parameter_names.to_states(answer, shape)["StartDate"] == "2026-11-25T12:00:00Z"
    assert parameter_names.to_states(answer, shape, is_sdk=False)["StartDate"] == 1795608000000


@dataclass
class _Child:
    status: str
    is_express: bool = False


@pytest.mark.parametrize("failed", [0, 1, 10])
def test_a_run_tolerates_no_failure(failed: int) -> None:
    run: MapRun[_Child] = MapRun("arn:run", "arn:execution", "arn:machine/label", 0, total=10)
    run.children.extend(_Child("FAILED" if at < failed else "SUCCEEDED") for at in range(10))
    assert run.is_failing == (failed > 0)
    counts = run.describe()["itemCounts"]
    assert (counts["failed"], counts["succeeded"], counts["total"]) == (failed, 10 - failed, 10)
