"""RDS: formulas of parameters and the memory of classes."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from serverless_cloud.rds import classes
from serverless_cloud.rds.db_parameters import DEFAULT_MAX_CONNECTIONS, BadParameter, evaluate

GIB = 2**30


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (DEFAULT_MAX_CONNECTIONS, "112"),
        ("LEAST({DBInstanceClassMemory/9531392},100)", "100"),
        ("GREATEST({DBInstanceClassMemory/1073741824}, 7)", "7"),
        ("{DBInstanceClassMemory*3/4}", str(GIB * 3 // 4)),
        ("SUM({DBInstanceClassMemory/1073741824},LEAST(5,6),1)", "7"),
        ("20", "20"),
        ("64MB", "64MB"),
        ("least", "least"),
        ('"$user", public', '"$user", public'),
    ],
)
def test_a_formula_has_a_value_and_a_text_is_itself(text: str, value: str) -> None:
    assert evaluate(text, GIB) == value


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "{}",
        "{DBInstanceClassMemory",
        "{DBInstanceClassMemory/}",
        "{DBInstanceClassMemory/0}",
        "{DBInstanceClassMemory/9531392}x",
        "{AllocatedStorage*1024}",
        "LEAST()",
        "least({DBInstanceClassMemory/9531392},20)",
        "LEAST(1,)",
        "LEAST(1",
        "LEAST(1))",
        "SUM(-1,2)",
        "{__import__('os')}",
        "GREATEST({DBInstanceClassMemory/2},LEAST)",
    ],
)
def test_what_looks_like_a_formula_and_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadParameter, match="can't evaluate the formula"):
        evaluate(text, GIB)


@given(st.text(alphabet="{}()/*,+0123456789LEASTGRUMDBInstanceClassMemory ", max_size=40))
def test_any_text_is_evaluated_or_refused(text: str) -> None:
    try:
        value = evaluate("{" + text, GIB)
    except BadParameter:
        return
    assert value.isdigit()


@pytest.mark.parametrize(
    ("name", "gib"),
    [
        ("db.t4g.micro", 1),
        ("db.t3.2xlarge", 32),
        ("db.m5.large", 8),
        ("db.m6i.32xlarge", 512),
        ("db.m7g.16xlarge", 256),
        ("db.r5.24xlarge", 768),
        ("db.r6g.large", 16),
        ("db.r8g.xlarge", 32),
    ],
)
def test_the_memory_of_a_class(name: str, gib: int) -> None:
    assert classes.memory_bytes(name) == gib * GIB


@pytest.mark.parametrize(
    "name", ["", "db", "db.t4g", "db.t4g.4xlarge", "db.m5.micro", "db.m4.large", "db.m7g.32xlarge", "t4g.micro",
             "db.t4g.micro ", "db.R5.large", "db.r5.large.tpc1.mem2x"]
)  # fmt: skip
def test_a_class_that_is_not_known_is_refused_with_those_that_are(name: str) -> None:
    with pytest.raises(ValueError, match=r"Invalid DB Instance class.*db\.t4g from micro to 2xlarge"):
        classes.memory_bytes(name)
