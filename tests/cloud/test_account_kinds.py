"""What an owner's things are looked for by: each call as botocore's models have it, and things that go meanwhile."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from tests.cloud.account_kit import ACCOUNT, refusal

from serverless_first.course.places import course_root
from serverless_first.real_account import cleaning, costs, finders, finders_own
from serverless_first.real_account.journal import Journal
from serverless_first.real_account.owned import KEY, Account
from serverless_first.real_account.things import Kind

KINDS = {row.title: row.find for row in finders.ORDER if isinstance(row.find, Kind)}
OF_ANN = {KEY: "ann"}


@pytest.fixture(scope="module")
def session() -> Any:
    return botocore.session.Session()


@pytest.mark.parametrize("title", KINDS)
def test_each_call_of_a_kind_is_one_of_its_service_with_these_fields(session: Any, title: str) -> None:
    kind = KINDS[title]
    model = session.get_service_model(kind.service)
    operations = {xform_name(name): model.operation_model(name) for name in model.operation_names}

    listed = operations[kind.listing].output_shape.members[kind.key].member
    fields = (
        {name: shape.type_name for name, shape in listed.members.items()} if listed.type_name == "structure" else {}
    )
    fields = fields or {"Name": listed.type_name}
    assert fields[kind.name] == "string"
    assert not kind.id or fields[kind.id] == "string"
    if isinstance(kind.tags, str):
        assert fields[kind.tags] in ("list", "map")
    else:
        call, argument, field, key = kind.tags
        assert operations[call].input_shape.members[argument].type_name == fields[field] == "string"
        assert operations[call].output_shape.members[key].type_name in ("list", "map")
    call, argument, field = kind.delete
    for each in filter(None, (call, kind.look)):
        asked = operations[each].input_shape
        given = {argument, *kind.arguments.get(each, {})}
        assert set(asked.required_members) <= given <= set(asked.members), each
    assert fields[field] == "string"
    for each, more in kind.arguments.items():
        assert set(more) <= set(operations[each].input_shape.members)


class Answers:
    """Stands for boto3's client: a method answers with what it is given for its argument, or raises it."""

    def __init__(self, **calls: dict[str, Any]) -> None:
        self._calls, self.asked = calls, list[tuple[str, str]]()

    def __getattr__(self, call: str) -> Any:
        def answer(**given: Any) -> Any:
            (value,) = given.values()
            self.asked.append((call, value))
            found = self._calls[call][value]
            if isinstance(found, Exception):
                raise found
            return found

        return answer


def account_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, client: Answers, **lists: list[Any]) -> Account:
    """An account on AWS whose services answer with these lists, and this client."""

    def pages(_: Account, service: str, operation: str, key: str, **__: Any) -> Any:
        del service, key
        return iter(lists[operation])

    monkeypatch.setattr(Account, "pages", pages)
    monkeypatch.setattr(Account, "client", lambda *_: client)
    return Account(ACCOUNT, "us-east-1", "ann", None, "arn", Journal(tmp_path / "j"))


def test_what_somebody_deletes_between_the_list_and_its_tags_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    client = Answers(
        list_tags={"a": refusal("ResourceNotFoundException"), "b": {"Tags": OF_ANN}, "c": {"Tags": {}}},
        delete_function={"orders": {}},
    )
    functions = [{"FunctionName": n, "FunctionArn": a} for n, a in [("pack", "a"), ("orders", "b"), ("bill", "c")]]
    account = account_of(monkeypatch, tmp_path, client, list_functions=functions)
    (found,) = KINDS["functions"](account)
    assert str(found) == "function orders"
    found.remove()
    assert client.asked[-1] == ("delete_function", "orders")


def test_tags_that_may_not_be_read_are_told_and_not_taken_for_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    client = Answers(list_tags={"a": refusal("AccessDeniedException")})
    account = account_of(
        monkeypatch, tmp_path, client, list_functions=[{"FunctionName": "pack", "FunctionArn": "a"}], get_resources=[]
    )
    monkeypatch.setattr(finders, "ORDER", tuple(row for row in finders.ORDER if row.title == "functions"))
    done = cleaning.clean_up(account, dry_run=True, report=lambda _: None)
    assert list(done.not_looked_at) == ["functions"]
    assert not done.clean


def test_namesakes_are_told_apart_by_their_ids(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    apis = [{"name": "shop", "id": number, "tags": OF_ANN} for number in ("a1", "b2")]
    account = account_of(monkeypatch, tmp_path, Answers(), get_rest_apis=apis)
    found = list(KINDS["REST APIs"](account))
    assert [str(each) for each in found] == ["REST API shop"] * 2
    assert len(set(found)) == 2


@pytest.mark.parametrize(
    ("answer", "is_gone"),
    [
        (refusal("ValidationError"), True),
        (refusal("AccessDenied"), None),
        (refusal("Throttling"), None),
        ({"Stacks": [{"StackStatus": "DELETE_COMPLETE"}]}, True),
        ({"Stacks": [{"StackStatus": "DELETE_IN_PROGRESS"}]}, False),
    ],
)
def test_a_stack_is_gone_when_cloudformation_says_so_and_not_when_it_says_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: Any, is_gone: bool | None
) -> None:
    from botocore.exceptions import ClientError

    there = {
        "StackName": "shop",
        "StackId": "id",
        "StackStatus": "CREATE_COMPLETE",
        "Tags": [{"Key": KEY, "Value": "ann"}],
    }
    client = Answers(describe_stacks={"id": answer})
    (stack,) = finders_own.stacks(account_of(monkeypatch, tmp_path, client, describe_stacks=[there]))
    assert stack.is_removed is not None
    if is_gone is None:
        with pytest.raises(ClientError):
            stack.is_removed()
    else:
        assert stack.is_removed() is is_gone


@pytest.mark.parametrize("known", ["a deleted stack", "a stack of long ago", "a stack that is there"])
def test_what_a_deleted_stack_has_left_behind_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, known: str
) -> None:
    stack = "arn:aws:cloudformation:us-east-1:1:stack/shop/1"
    tags = [{"Key": KEY, "Value": "ann"}, {"Key": "aws:cloudformation:stack-id", "Value": stack}]
    arns = ["arn:aws:s3:::reports", "arn:aws:sqs:us-east-1:1:orders"]
    queue_url = "https://sqs.us-east-1.amazonaws.com/1/orders"
    listed = [
        {"PhysicalResourceId": "reports", "ResourceStatus": "DELETE_SKIPPED"},
        {"PhysicalResourceId": queue_url, "ResourceStatus": "DELETE_COMPLETE"},  # AWS's list of tags is late
    ]
    status = {"StackStatus": "CREATE_COMPLETE" if known == "a stack that is there" else "DELETE_COMPLETE"}
    account = account_of(
        monkeypatch,
        tmp_path,
        Answers(describe_stacks={stack: {"Stacks": [status]}}),
        get_resources=[{"ResourceARN": arn, "Tags": tags} for arn in arns],
        list_stack_resources=listed,
    )
    if known == "a stack of long ago":  # of which CloudFormation knows nothing more
        pages = Account.pages

        def forgotten(self: Account, service: str, operation: str, key: str, **given: Any) -> Any:
            if operation == "list_stack_resources":
                raise refusal("ValidationError")
            return pages(self, service, operation, key, **given)

        monkeypatch.setattr(Account, "pages", forgotten)
    left = {"a deleted stack": arns[:1], "a stack of long ago": arns, "a stack that is there": []}[known]
    told = cleaning._still_tagged(account, cleaning.Cleanup(False))
    assert told == [f"{arn} (its stack is deleted and has left it behind)" for arn in left]


# What a module's text makes, and the price that stands for it by the hour.
HOURLY = {
    "rds-postgres-t4g-micro": r"create_db_instance\(|hikari(_vpc)?\.database\(|AWS::RDS::DBInstance\b",
    "rds-proxy-vcpu": r"create_db_proxy\(|hikari\.proxy\(|AWS::RDS::DBProxy\b",
    "nat-gateway": r"create_nat_gateway\(",
    "ec2-t3-micro": r"run_instances\(",
    "lambda-x86-provisioned": r"put_provisioned_concurrency_config\(",
    "api-gateway-cache-0-5-gb": r"cacheClusterEnabled",
}


def test_the_estimate_has_each_module_that_makes_what_costs_by_the_hour() -> None:
    for folder in sorted((course_root() / "modules").glob("[0-9]*")):
        files = [folder / "lesson.md", folder / "lab.md", *(folder / "given").rglob("*.yaml")]
        text = "\n".join(file.read_text(encoding="utf-8") for file in files if file.is_file())
        made = {price for price, pattern in HOURLY.items() if re.search(pattern, text)}
        told = {price for _, price, _ in costs.BY_THE_HOUR.get(folder.name[:2], ())}
        assert told & set(HOURLY) == made, folder.name
