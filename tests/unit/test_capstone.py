"""The shop of module 12: its files laid and joined, the records of the wrong designs, the page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from serverless_cloud.stacks import documents
from serverless_cloud.stacks.errors import StackError
from serverless_first import drill, figures
from serverless_first.authoring.execute import SLOW_CELL_TIMEOUT_S, timeout_s
from serverless_first.drill import capstone
from serverless_first.drill.capstone import NotLaid, Shop

STUB = '# YOUR CODE HERE\n      raise NotImplementedError("not started: write your code here")\n'
DOOR = """
  Front:
    Type: AWS::Serverless::Function
    Properties:
      Handler: front.handler
      Events: {Place: {Type: HttpApi, Properties: {Path: /orders, Method: post}}}"""


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A shop with what is given."""
    made = Shop(tmp_path / "shop")
    made.begin(lambda _: None)
    return made


def test_what_is_given_is_laid_once_and_what_the_learner_changed_stays(shop: Shop) -> None:
    worker, given = shop.folder / "functions" / "news.py", shop.folder / "functions" / "provider.py"
    worker.write_text("mine\n")
    given.unlink()
    told: list[str] = []
    shop.begin(told.append)
    assert told == [f"{shop.folder}: 1 given file written."]
    assert (worker.read_text(), given.is_file()) == ("mine\n", True)


def test_the_template_has_the_pieces_that_are_written_and_the_outputs_of_their_resources(shop: Shop) -> None:
    first = documents.parse(shop.write_template().read_text())
    assert {"Database", "Proxy", "Orders"} <= set(first["Resources"])
    assert set(first["Outputs"]) == {"Database", "Proxy", "Migrate", "QueueUrl"}
    (shop.folder / "parts" / "door.yaml").write_text(DOOR)  # without a line break at its end
    (shop.folder / "parts" / "work.yaml").write_text("  Worker:\n    Type: AWS::Serverless::Function\n" + STUB)
    second = documents.parse(shop.write_template().read_text())
    assert set(second["Outputs"]) - set(first["Outputs"]) == {"ApiUrl", "Front"}
    assert "Worker" not in second["Resources"]


@pytest.mark.parametrize(
    "queue",
    [
        '  "OrdersDlq": {"Type": "AWS::SQS::Queue"}',
        "  'OrdersDlq' :\n    Type: AWS::SQS::Queue",
        "  ? OrdersDlq\n  : {Type: AWS::SQS::Queue}",
    ],
)
def test_a_resource_has_its_output_however_the_yaml_is_spelled(shop: Shop, queue: str) -> None:
    (shop.folder / "parts" / "queues.yaml").write_text(f"{queue}\n")
    (shop.folder / "parts" / "door.yaml").write_text(DOOR.replace("Type: HttpApi", '"Type": "HttpApi"'))
    made = documents.parse(shop.write_template().read_text())
    assert {"DeadLetterQueueUrl", "ApiUrl", "Front"} <= set(made["Outputs"])


def test_a_template_that_is_not_yaml_is_written_without_outputs_and_the_deployment_names_the_place(shop: Shop) -> None:
    (shop.folder / "parts" / "queues.yaml").write_text("  OrdersDlq: {Type: [}\n")
    with pytest.raises(StackError, match=r"YAML not well-formed. \(line \d+"):
        documents.parse(shop.write_template().read_text())


def test_the_provider_comes_with_the_workflow(shop: Shop) -> None:
    assert "Provider" not in documents.parse(shop.write_template().read_text())["Resources"]
    (shop.folder / "parts" / "payment.yaml").write_text("  Payment: {Type: AWS::Serverless::StateMachine}\n")
    made = documents.parse(shop.write_template().read_text())
    assert {"Provider", "Ledger", "Payment"} <= set(made["Resources"])
    assert {"PaymentMachineArn", "ChargesTable", "PaymentsQueueUrl"} <= set(made["Outputs"])


def test_a_front_without_a_route_has_no_address(shop: Shop) -> None:
    (shop.folder / "parts" / "door.yaml").write_text(DOOR.replace("HttpApi", "SQS"))
    assert "ApiUrl" not in documents.parse(shop.write_template().read_text())["Outputs"]


def test_a_shop_without_its_base_says_which_file_is_missing(shop: Shop) -> None:
    (shop.folder / "parts" / "base.yaml").unlink()
    with pytest.raises(
        NotLaid, match=r"parts/base\.yaml is a given file, but it is not .*\. shop\.begin\(\) writes it again"
    ):
        shop.write_template()


def test_a_file_with_the_stub_is_not_written(shop: Shop) -> None:
    (shop.folder / "functions" / "front.py").write_text(STUB)
    assert shop.not_written("functions/news.py", "functions/front.py") == "functions/front.py"
    assert shop.not_written("functions/nowhere.py") == "functions/nowhere.py"
    assert shop.not_written("functions/news.py") == ""


class Deployer:
    """Keeps what it is asked to deploy."""

    def __init__(self) -> None:
        self.template, self.payment = "", ""

    def deploy(self, template: Path, **_: object) -> dict[str, str]:
        self.template = template.read_text()
        self.payment = (template.parent / "functions" / "payment.py").read_text()
        return {"QueueUrl": "http://queue"}


def test_what_is_given_stands_in_for_a_stub_and_the_file_stays(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    queues, payment = shop.folder / "parts" / "queues.yaml", shop.folder / "functions" / "payment.py"
    given = payment.read_text()
    for file in (queues, payment):
        file.write_text(STUB)
    aws = Deployer()
    shop.deploy(aws)  # type: ignore[arg-type]
    assert "Orders" in documents.parse(aws.template)["Resources"]
    assert aws.payment == given
    assert queues.read_text() == payment.read_text() == STUB
    assert "Not written yet: functions/payment.py, parts/queues.yaml." in capsys.readouterr().out


def test_code_whose_piece_of_the_template_is_missing_waits_and_a_check_may_put_its_own(shop: Shop) -> None:
    payment = shop.folder / "functions" / "payment.py"
    given = payment.read_text()
    payment.write_text("mine\n")
    aws = Deployer()
    shop.deploy(aws, quiet=True)  # type: ignore[arg-type]
    assert aws.payment == given
    (shop.folder / "parts" / "payment.yaml").write_text("  Payment: {Type: AWS::Serverless::StateMachine}\n")
    shop.deploy(aws, quiet=True)  # type: ignore[arg-type]
    assert aws.payment == "mine\n"
    shop.deploy(aws, quiet=True, instead={"functions/payment.py": "the check's\n"})  # type: ignore[arg-type]
    assert aws.payment == "the check's\n"
    assert payment.read_text() == "mine\n"


def test_the_stored_records_of_the_wrong_designs_name_their_design() -> None:
    records = capstone.wrong_designs()
    assert tuple(records) == drill.DESIGNS
    for name, record in records.items():
        score = drill.score(record)
        assert name in score.designs, name
        assert drill.score(record) == score


def test_the_page_has_reasons_findings_and_the_prices_of_the_file(tmp_path: Path) -> None:
    price = tmp_path / "price.py"
    price.write_text("def per_1000_orders(record):\n    return {'Step Functions': 0.5}\n")
    page = capstone.write_page(tmp_path / "page.html", price, {"A queue <first>": "The door answers."}).read_text()
    assert "<dt>A queue &lt;first&gt;</dt><dd>The door answers.</dd>" in page
    assert "<td>Step Functions</td><td>0.5000</td>" in page
    found = capstone.my_drill(tmp_path)
    score = drill.score(found)
    assert score.passed
    assert f"in this order: {'; '.join(moment.what for moment in found.moments)}.</p>" in page
    assert all(f"<td>{finding.name}</td><td>passed</td>" in page for finding in score.findings)
    total = 0.5 + sum(usd for what, usd in score.cost.parts if what != "Step Functions")
    assert f"<td>All that is paid by use</td><td>{total:.4f}</td>" in page


def test_the_picture_of_the_shop_has_each_part_and_its_task() -> None:
    figure = figures.shop_architecture()
    texts = {text.get_text() for text in figure.axes[0].texts}
    assert {"Front", "Worker", "Payment", "Projector", "12.1", "12.2", "12.3", "12.4", "provided"} <= texts
    words = figures.shop_architecture_words()
    assert "task 12.3: Payment (state machine)" in words
    assert re.search(r"Orders to OrdersDlq: poison", words)


@pytest.mark.parametrize(("tags", "seconds"), [([], 60), (["slow"], SLOW_CELL_TIMEOUT_S), (["task-12.5"], 60)])
def test_a_cell_with_the_tag_slow_may_take_longer(tags: list[str], seconds: int) -> None:
    assert timeout_s({"metadata": {"tags": tags}}) == seconds
