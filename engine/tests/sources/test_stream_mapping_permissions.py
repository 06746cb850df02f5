"""Streams to Lambda with permissions enforced: the execution role must be able to read, and to tell of failures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kits import fixtures
from kits.stream_kit import last_result, make_ledger, make_stream, map_stream, put_record

#: Permissions are enforced; Kinesis is polled a hundred times a second.
cloud_of_module = fixtures.cloud_of(time_scale=100, enforce_iam=True)


def test_what_the_role_may_not_do_is_not_done(kit: Any, tmp_path: Path) -> None:
    arn, lost = make_stream(), kit.make_queue("lost")
    ledger, iam = make_ledger("bookkeeping", tmp_path), kit.client("iam")
    role = {"RoleName": kit.make_role().split("/")[-1], "PolicyName": "streams"}

    def allow(**statement: Any) -> None:
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow"} | statement]}
        iam.put_role_policy(**role, PolicyDocument=json.dumps(policy))

    settings = {"BatchSize": 1, "MaximumRetryAttempts": 0, "on_failure": lost.arn}
    refused = kit.refused(lambda: map_stream(arn, ledger, **settings))
    assert refused.code == "InvalidParameterValueException"
    assert f"Cannot access stream {arn}. Please ensure the role can perform the GetRecords" in refused.message

    allow(Action="kinesis:*", Resource=arn)
    uuid = map_stream(arn, ledger, **settings)
    put_record(1)
    ledger.await_numbers(1)
    iam.delete_role_policy(**role)
    put_record(2, poison=True)
    kit.eventually(lambda: "not authorized to perform: kinesis:GetRecords" in last_result(uuid), "the mapping says so")
    assert ledger.numbers() == [1]

    allow(Action="kinesis:*", Resource=arn)  # the queue still may not be written
    put_record(3)
    ledger.await_numbers(3)
    assert ledger.numbers() == [1, 2, 3]
    allow(Action=["kinesis:*", "sqs:SendMessage"], Resource="*")
    number = put_record(4, poison=True)
    (record,) = kit.records(lost)
    assert record["KinesisBatchInfo"]["startSequenceNumber"] == number
