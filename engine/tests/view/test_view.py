"""The live view shows what runs, at each moment, in pictures and in words."""

from __future__ import annotations

import base64
import gzip
import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import serverless_cloud as cloud
from kits import rds_kit as rk, states_kit as sk
from serverless_cloud.view import words
from serverless_cloud.view.moment import Moment
from serverless_cloud.view.page import Page

EMPTY = Moment(time_s=1.0, words="", functions=[], queues=[], databases=[], proxies=[], machines=[])


def states_of(aws: cloud.Cloud, function: str) -> list[str]:
    """The states of a function's environments, as the view has them."""
    rows = [row for row in aws.now()["functions"] if row["name"] == function]
    return [environment["state"] for row in rows for environment in row["environments"]]


def test_a_function_is_there_before_its_first_environment(kit: Any, aws: cloud.Cloud) -> None:
    assert aws.now()["words"] == words.NOTHING
    kit.deploy("orders", kit.HOLD)
    assert aws.now()["words"] == "Function orders: no environment."


def test_environments_are_busy_then_frozen_then_ended(kit: Any, aws: cloud.Cloud, tmp_path: Path) -> None:
    kit.deploy("orders", kit.HOLD)
    with kit.held("orders", tmp_path / "calls", 3):
        assert states_of(aws, "orders") == ["busy"] * 3
        assert "Function orders: 3 environments (3 busy)." in aws.now()["words"]
    kit.eventually(lambda: states_of(aws, "orders") == ["frozen"] * 3, "all three are frozen")
    kit.client("lambda").update_function_configuration(FunctionName="orders", MemorySize=256)
    kit.eventually(lambda: states_of(aws, "orders") == ["ended"] * 3, "new settings end them")
    kit.eventually(lambda: states_of(aws, "orders") == [], "they leave the view")


def test_messages_wait_fly_and_are_delayed(kit: Any, aws: cloud.Cloud) -> None:
    sqs = kit.client("sqs")
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    assert "Queue orders: empty." in aws.now()["words"]
    for delay_s in (0, 0, 0, 600):
        sqs.send_message(QueueUrl=url, MessageBody="-", DelaySeconds=delay_s)
    sqs.receive_message(QueueUrl=url)
    assert aws.now()["queues"] == [{"name": "orders", "visible": 2, "in_flight": 1, "delayed": 1}]
    assert "Queue orders: 4 messages (2 waiting, 1 in flight, 1 delayed)." in aws.now()["words"]


def test_executions_are_in_a_state_until_they_end(kit: Any, aws: cloud.Cloud) -> None:
    arn = sk.machine(
        sk.steps(Reserve={"Type": "Wait", "SecondsPath": "$.s", "Next": "Ship"}, Ship={"Type": "Pass", "End": True})
    )
    running = sk.start(arn, {"s": 600})
    sk.succeeded(sk.run(arn, {"s": 0}))
    kit.eventually(
        lambda: (
            aws.now()["machines"]
            == [{"name": "orders", "states": ["Reserve", "Ship"], "running": {"Reserve": 1}, "ended": {"SUCCEEDED": 1}}]
        ),
        "one waits, one has succeeded",
    )
    assert "State machine orders: 1 in Reserve, 1 succeeded." in aws.now()["words"]
    sk.states().stop_execution(executionArn=running)
    kit.eventually(lambda: "1 aborted" in aws.now()["words"], "it was stopped")


def test_seats_of_a_database_and_the_line_at_its_proxy(kit: Any, aws: cloud.Cloud) -> None:
    instance = rk.create()
    assert [(row["name"], row["state"], row["taken"]) for row in aws.now()["databases"]] == [("shop", "available", 0)]
    with rk.connect(instance), rk.connect(instance):
        assert [row["taken"] for row in aws.now()["databases"]] == [2]
    kit.eventually(lambda: [row["taken"] for row in aws.now()["databases"]] == [0], "both seats are free again")
    rk.make_proxy(rk.make_secret())
    kit.client("rds").register_db_proxy_targets(DBProxyName="shop-proxy", DBInstanceIdentifiers=["shop"])
    host, port = aws.database_address("shop-proxy")
    with rk.connect({"Endpoint": {"Address": host, "Port": port}}, sslmode="require", autocommit=False) as client:
        client.execute("SELECT 1")  # its transaction goes on, so it keeps its connection
        row = aws.now()["proxies"][0]
        assert (row["name"], row["database"], row["lent"], row["clients"], row["waiting"]) == (
            ("shop-proxy", "shop", 1, 1, 0)
        )
        assert aws.now()["databases"][0]["taken"] == row["lent"] + row["idle"]


def test_each_kind_has_its_words() -> None:
    moment = EMPTY | {
        "proxies": [
            {"name": "p", "database": "d", "seats": 10, "lent": 10, "idle": 0, "clients": 58, "waiting": 48},
        ],
        "databases": [{"name": "d", "state": "rebooting", "seats": 20, "taken": None}],
        "machines": [{"name": "m", "states": ["A"], "running": {}, "ended": {"TIMED_OUT": 2}}],
    }
    assert words.in_words(moment).split(". ") == [
        "Proxy p: 10 of 10 connections in use, 58 clients connected, 48 clients wait",
        "Database d: rebooting",
        "State machine m: 2 timed out.",
    ]


def test_the_page_answers_only_at_its_address() -> None:
    page = Page(lambda: EMPTY)
    try:
        assert fetched(page.url)[0] == 200
        assert "subscribe" in fetched(page.url + "view.js")[1]
        assert json.loads(fetched(page.url + "now")[1]) == EMPTY
        root = page.url.rsplit("/", 2)[0]
        assert fetched(root + "/now")[0] == 404
        assert fetched(page.url + "../server.py")[0] == 404
        assert fetched(page.url + "now", Host="evil.example")[0] == 404
    finally:
        page.close()


def fetched(url: str, **headers: str) -> tuple[int, str]:
    """The status and the body of an answer."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(urllib.request.Request(url, headers=headers), timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.fixture
def shell(aws: cloud.Cloud) -> Iterator[Any]:
    """IPython in this process, with `aws`."""
    pytest.importorskip("anywidget", reason="notebooks have it")
    from IPython.core.interactiveshell import InteractiveShell  # late, because it comes with anywidget

    aws._view = None  # of another test
    ipython = InteractiveShell.instance(user_ns={"aws": aws})
    yield ipython
    outputs_of(ipython, "aws.show().stop()")
    InteractiveShell.clear_instance()


def outputs_of(shell: Any, cell: str) -> list[dict[str, Any]]:
    """Runs a cell: what it displays and what later replaces that, in order."""
    from IPython.utils.capture import capture_output  # late, as above

    with capture_output() as captured:
        shell.run_cell(cell).raise_error()
    return [output.data for output in captured.outputs]


def recorded(data: dict[str, Any]) -> list[str]:
    """The words of each moment of a recording."""
    packed = re.findall(r'view.play\(place, "(.+?)"\)', data["text/html"])
    moments: list[Moment] = json.loads(gzip.decompress(base64.b64decode(packed[0])))
    return [moment["words"] for moment in moments]


CREATE = "import boto3; _ = boto3.client('sqs').create_queue(QueueName='{}')"


def test_a_view_ends_with_its_cell(shell: Any) -> None:
    live, recording = outputs_of(shell, "view = aws.show(); display(view)\n" + CREATE.format("orders"))
    assert live["text/plain"] == "A live view of the local cloud. Run this cell in JupyterLab to watch it."
    assert "text/html" not in live
    assert (recorded(recording)[0], recorded(recording)[-1]) == (words.NOTHING, "Queue orders: empty.")
    assert recording["text/plain"] == "Queue orders: empty."
    outputs_of(shell, CREATE.format("later"))
    assert recorded(outputs_of(shell, "display(view)")[0])[-1] == "Queue orders: empty."


def test_a_view_that_is_a_cell_s_last_line_ends_with_the_next_cell_that_changes_something(shell: Any) -> None:
    [live] = outputs_of(shell, "aws.show()")
    assert set(live) == {"text/plain", "application/vnd.jupyter.widget-view+json"}
    assert outputs_of(shell, "1 + 1; None") == []
    [recording] = outputs_of(shell, CREATE.format("orders"))
    assert recorded(recording)[-1] == "Queue orders: empty."


def test_a_view_ends_when_the_next_one_begins(shell: Any) -> None:
    outputs = outputs_of(shell, "display(aws.show()); display(aws.show())\n" + CREATE.format("orders"))
    assert [recorded(data)[-1] for data in outputs if "text/html" in data] == [words.NOTHING, "Queue orders: empty."]


def test_a_view_of_a_stopped_cloud_keeps_its_last_moment(shell: Any) -> None:
    def stopped() -> Moment:
        raise cloud.CloudError("It was stopped.")

    outputs_of(shell, "view = aws.show(); display(view)")
    shell.user_ns["stopped"] = stopped
    assert outputs_of(shell, "view._look = stopped") == []
    assert recorded(outputs_of(shell, "view.stop()")[0]) == [words.NOTHING]


def test_a_recording_is_saved_as_one_file_also_after_the_experiment(shell: Any, tmp_path: Path) -> None:
    file = tmp_path / "burst.html"
    shell.user_ns["file"] = file
    with pytest.raises(cloud.CloudError, match="There is nothing to save, because no view has seen anything change"):
        outputs_of(shell, "aws.show().save(file)")
    [_, recording] = outputs_of(shell, "display(aws.show())\n" + CREATE.format("orders"))
    outputs_of(shell, "aws.show(); aws.show().save(file)")
    page = file.read_text(encoding="utf-8")
    assert recording["text/html"] in page
    assert [address for address in re.findall(r'(?:src|href)="(.+?)"', page) if not address.startswith("data:")] == []


def test_a_stored_notebook_has_the_same_words_each_time(shell: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVERLESS_FIRST_QUIET", "1")
    [live] = outputs_of(shell, "display(aws.show())\n" + CREATE.format("orders"))
    assert live["text/plain"] == "A live view of the local cloud. Run this cell in JupyterLab to watch it."


FAILS = "import os\ndef handler(event, context):\n    if event == 'crash': os._exit(1)\n    return 1 / event\n"


def test_failed_calls_are_seen(kit: Any, aws: cloud.Cloud) -> None:
    kit.deploy("orders", FAILS)
    kit.invoke("orders", 0)
    assert states_of(aws, "orders") == ["failed"]
    assert aws.now()["words"] == "Function orders: 1 environment (1 frozen after a failed call)."
    kit.invoke("orders", 1)
    assert states_of(aws, "orders") == ["frozen"]
    kit.invoke("orders", "crash")
    assert states_of(aws, "orders") == ["lost"]
    assert aws.now()["words"] == "Function orders: no environment (1 ended by a failed call)."
