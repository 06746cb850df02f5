"""The parts of a session on a real account: the tag in each service's form, the journal, the order of cleaning up."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from tests.cloud.account_kit import ACCOUNT, refusal

from serverless_first.real_account import cleaning, finders, tagging
from serverless_first.real_account.cleaning import Cleanup
from serverless_first.real_account.journal import Journal, Made
from serverless_first.real_account.owned import KEY, Account, owner_of
from serverless_first.real_account.things import Thing


@pytest.mark.parametrize(
    ("service", "operation", "given"),
    [
        ("lambda", "CreateFunction", {"Tags": {"team": "lamps"}}),
        ("sqs", "CreateQueue", {}),
        ("stepfunctions", "CreateStateMachine", {"tags": [{"key": "team", "value": "lamps"}]}),
        ("rds", "CreateDBInstance", {"Tags": [{"Key": KEY, "Value": "somebody else"}]}),
        ("ec2", "RunInstances", {"TagSpecifications": [{"ResourceType": "spot-instances-request", "Tags": []}]}),
        ("cognito-idp", "CreateUserPool", {}),
    ],
)
def test_the_tag_goes_beside_others_in_each_service_s_form(service: str, operation: str, given: dict[str, Any]) -> None:
    model = boto3.Session().client(service, region_name="us-east-1").meta.service_model.operation_model(operation)
    params = dict(given)
    assert tagging.add_tag(params, model, "ann")
    text = json.dumps(params)
    assert text.count(f'"{KEY}"') == (2 if operation == "RunInstances" else 1)
    assert '"ann"' in text
    assert "somebody else" not in text
    for other in ("team", "spot-instances-request"):
        assert (other in text) == (other in json.dumps(given))
    from botocore.validate import ParamValidator

    assert "Unknown" not in (report := ParamValidator().validate(params, model.input_shape).generate_report())
    assert "Invalid type" not in report


def test_what_takes_no_tags_is_noted(tmp_path: Path) -> None:
    client = boto3.Session().client("scheduler", region_name="us-east-1")
    model = client.meta.service_model.operation_model("CreateSchedule")
    params: dict[str, Any] = {"Name": "count"}
    assert not tagging.add_tag(params, model, "ann")
    assert params == {"Name": "count"}
    journal = Journal(tmp_path / "work" / "made.jsonl")
    made = [Made("scheduler", "CreateSchedule", {"Name": n}, False) for n in ("count", "count", "pack")]
    for each in made:
        journal.add(each)
    with journal.path.open("a", encoding="utf-8") as file:
        file.write("half a li")
    assert journal.read() == [made[0], made[2]]
    journal.add(made[0])  # on a line of its own
    assert journal.read() == [made[0], made[2]]
    journal.keep(lambda each: each.given["Name"] == "pack")
    assert journal.read() == [made[2]]
    journal.keep(lambda _: False)
    assert journal.path.read_text(encoding="utf-8") == "half a li\n"  # nobody knows what it names
    journal.path.write_text("", encoding="utf-8")
    journal.add(made[0])
    journal.keep(lambda _: False)
    assert not journal.path.exists()


@contextlib.contextmanager
def no_room() -> Iterator[None]:
    """Files take no more than ten bytes, as on a disk that is full."""
    resource = pytest.importorskip("resource", reason="Windows has no such limit")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_what_is_noted_outlives_a_full_disk(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "work" / "made.jsonl")
    first, second, third = (Made("scheduler", "CreateSchedule", {"Name": name}, False) for name in "abc")
    journal.add(first)
    journal.add(second)
    with no_room(), pytest.raises(OSError, match="too large"):
        journal.keep(lambda each: each == second)
    assert Journal(journal.path).read() == [first, second]
    with no_room(), pytest.raises(OSError, match="too large"):
        journal.add(third)
    assert journal.read() == [first, second, third]  # this session knows it, and writes it when there is room
    journal.keep(lambda each: each != second)
    assert Journal(journal.path).read() == [first, third]
    assert [each.name for each in journal.path.parent.iterdir()] == ["made.jsonl"]


def test_a_journal_that_cannot_be_read_is_not_taken_for_an_empty_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    journal = Journal(tmp_path / "j")
    journal.add(SCHEDULE)

    def refused(path: Path, *_: Any, **__: Any) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as held:
        held.setattr(Path, "read_text", refused)
        for call in (journal.read, lambda: journal.keep(lambda _: False)):
            with pytest.raises(PermissionError):
                call()
    assert journal.read() == [SCHEDULE]


@pytest.mark.parametrize(
    ("arn", "owner"),
    [
        (f"arn:aws:iam::{ACCOUNT}:user/ann", "ann"),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/Admin/ann@example.com", "ann@example.com"),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/Admin/ann smith+1", "ann-smith-1"),
        (f"arn:aws:iam::{ACCOUNT}:root", "root"),
    ],
)
def test_the_owner_is_who_calls(arn: str, owner: str) -> None:
    assert owner_of(arn) == owner


class Stubborn:
    """A thing that is in use for so many attempts."""

    def __init__(self, attempts: int, code: str = "DependencyViolation") -> None:
        self.left, self.code = attempts, code

    def remove(self) -> None:
        if self.left:
            self.left -= 1
            raise refusal(self.code)


def cleaned(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *found: Any, endpoint: str | None = "http://x") -> Cleanup:
    """Cleans up where these things are found, or these errors are."""

    def find(things: Any) -> Any:
        def finder(_: Account) -> Iterator[Thing]:
            if isinstance(things, Exception):
                raise things
            yield from things

        return finder

    rows = tuple(finders.Row(f"kind {n}", "", find(each)) for n, each in enumerate(found))
    monkeypatch.setattr(finders, "ORDER", rows)
    monkeypatch.setattr(cleaning, "_still_tagged", lambda *_: [])
    monkeypatch.setattr(Account, "every_s", 0.001)
    account = Account(ACCOUNT, "us-east-1", "ann", endpoint, "arn", Journal(tmp_path / "j"))
    return cleaning.clean_up(account, dry_run=False, limit_s=1.0)


def test_what_is_still_in_use_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = cleaned(monkeypatch, tmp_path, [Thing("VPC", "vpc-1", Stubborn(3).remove)], [Thing("role", "r", str)])
    assert [each.name for each in done.removed] == ["r", "vpc-1"]
    assert done.clean
    assert capsys.readouterr().out.count("waiting: VPC vpc-1 is still in use") == 1


def test_what_cannot_be_removed_is_told_and_the_rest_goes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stays = Thing("queue", "orders", Stubborn(99, "AccessDenied").remove)
    slow = Thing("database", "db", lambda: None, lambda: False)
    gone = Thing("topic", "news", Stubborn(1, "NotFoundException").remove)
    done = cleaned(monkeypatch, tmp_path, [stays, slow], [gone], refusal("AccessDenied"), endpoint=None)
    assert list(done.removed) == [gone]
    assert not done.clean
    said = capsys.readouterr().out
    assert "LEFT: queue orders: An error occurred (AccessDenied)" in said
    assert "LEFT: database db: it is still there after 1 s" in said
    assert "NOT LOOKED AT: kind 2: AccessDenied: " in said
    assert "Some resources are left" in said


def test_a_journal_that_can_be_neither_read_nor_written_ends_no_clean_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "j").mkdir()  # an OSError for everybody, root too
    stays, gone = Thing("queue", "orders", Stubborn(99, "AccessDenied").remove), Thing("topic", "news", str)
    done = cleaned(monkeypatch, tmp_path, PermissionError(13, "Permission denied"), [stays, gone])
    assert (done.removed, list(done.left), done.clean) == ([gone], [stays], False)
    said = capsys.readouterr().out
    why = f"{tmp_path / 'j'} cannot be read or written: "
    assert f"NOT LOOKED AT: kind 0: {why}[Errno 13] Permission denied" in said
    assert "LEFT: queue orders: " in said
    assert f"BY HAND: {why}" in said


def test_what_an_emulator_lacks_is_no_matter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert cleaned(monkeypatch, tmp_path, refusal("NotImplementedException"), refusal("404")).clean


def test_where_aws_wants_fewer_calls_the_next_one_comes_later(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    looks = iter([refusal("ThrottlingException"), False, True])

    def gone() -> bool:
        look = next(looks)
        if isinstance(look, Exception):
            raise look
        return bool(look)

    codes = ("Throttling", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown")
    refused = [Thing("API", code, Stubborn(2, code).remove) for code in codes]
    asked: list[str] = []
    slow = Thing("database", "db", lambda: asked.append("db"), gone)
    done = cleaned(monkeypatch, tmp_path, [*refused, slow])
    assert done.clean
    assert asked == ["db"]  # of a database that is being deleted AWS takes no second call
    assert {each.name for each in done.removed} == {*codes, "db"}
    assert capsys.readouterr().out.count("AWS accepts fewer calls at a time") == 1


def test_of_two_with_one_name_neither_is_lost(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = Thing("REST API", "shop", Stubborn(2).remove, id="a1")
    second = Thing("REST API", "shop", Stubborn(99, "AccessDenied").remove, id="b2")
    done = cleaned(monkeypatch, tmp_path, [first, second])
    assert (done.removed, list(done.left)) == ([first], [second])
    assert "LEFT: REST API shop (b2): " in capsys.readouterr().out


SCHEDULE = Made("scheduler", "CreateSchedule", {"Name": "orders"}, False)
LOGS = "/aws/lambda/orders"
FUNCTION = Made("lambda", "CreateFunction", {"FunctionName": "orders"}, True)


@pytest.mark.parametrize(
    ("found", "kept"),
    [
        ([Thing("queue", "orders", str)], [SCHEDULE]),  # a namesake, and no schedule
        ([Thing("schedule", "orders", str)], []),
        ([Thing("schedule", "orders", Stubborn(99, "AccessDenied").remove)], [SCHEDULE]),
        ([Thing("schedule", "orders", str), Thing("function", "orders", Stubborn(99, "No").remove)], [FUNCTION]),
        ([Thing("schedule", "orders", str), Thing("log group", LOGS, Stubborn(99, "No").remove)], [FUNCTION]),
    ],
)  # fmt: skip
def test_the_journal_forgets_what_is_gone_and_no_namesake_of_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, found: list[Thing], kept: list[Made]
) -> None:
    journal = Journal(tmp_path / "j")
    journal.add(SCHEDULE)
    journal.add(FUNCTION)
    cleaned(monkeypatch, tmp_path, found)
    assert journal.read() == kept
