"""The schemas of CloudFormation's types are those of the registry, as cfn-lint has them."""

from __future__ import annotations

from listings import type_schemas
from serverless_cloud.stacks import kinds, schemas


def test_the_file_is_up_to_date() -> None:
    assert schemas.FILE.read_text("utf-8") == type_schemas.text(), "run engine/tests/listings/type_schemas.py"


def test_each_type_that_the_local_cloud_makes_has_a_schema() -> None:
    without = {name for name in kinds.KINDS if schemas.is_known(name)} - {
        name for name in kinds.KINDS if schemas.of(name)
    }
    assert without == set()


def test_types_that_the_local_cloud_does_not_make_are_known_by_name_only() -> None:
    assert schemas.is_known("AWS::Redshift::Cluster")
    assert schemas.of("AWS::Redshift::Cluster") is None
    assert not schemas.is_known("AWS::Lamp::Shop")
