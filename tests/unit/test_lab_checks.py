"""Loading and running checks: every way a check can end becomes one clear line."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from serverless_first.lab import CheckBroken, CheckFailed, CourseFault, Lab, NotStarted

pytest_plugins = ["lab_fixtures"]
pytestmark = pytest.mark.usefixtures("course_dir")

HEAD = "from serverless_first.lab import Attempt, task\n\n\n@task('5.1')\ndef check_it(attempt: Attempt) -> None:\n"
OTHER = "\n\n@task('5.2')\ndef other(attempt: Attempt) -> None:\n    pass\n"


@pytest.fixture
def outcome(course_dir: Path) -> Callable[[str], CheckFailed]:
    """Runs a check with this body for task 5.1 and gives the error."""

    def run(body: str) -> CheckFailed:
        (course_dir / "modules/05-lamps/checks.py").write_text(HEAD + body + OTHER, encoding="utf-8")
        with pytest.raises(CheckFailed) as caught:
            Lab("05").check("5.1")
        assert "\n" not in str(caught.value)
        assert len(caught.value._render_traceback_()) == 1
        assert "\n" not in caught.value._render_traceback_()[0]
        return caught.value

    return run


Outcome = Callable[[str], CheckFailed]
INVOKE = '    reply = attempt.invoke("hikari-total", {"quantity": 2})\n'


def test_the_stub_in_a_deployed_handler_is_not_started(outcome: Outcome, functions: dict[str, object]) -> None:
    functions["hikari-total"] = {"errorType": "NotImplementedError", "errorMessage": "not started: write"}
    failure = outcome(INVOKE)
    assert isinstance(failure, NotStarted)
    assert (
        failure.headline
        == "5.1 not started: Your function still raises NotImplementedError. Replace that line with your code."
    )


@pytest.mark.parametrize(
    "library",
    ["/usr/lib/python3.13/json/decoder.py", r"C:\Python313\Lib\json\decoder.py", "/v/site-packages/psycopg/a.py"],
)
def test_an_error_of_the_function_comes_with_type_message_and_line(
    library: str, outcome: Outcome, functions: dict[str, object]
) -> None:
    functions["hikari-total"] = {
        "errorType": "KeyError",
        "errorMessage": "'price'",
        "stackTrace": [
            '  File "/var/task/app.py", line 5, in handler\n    event["price"]\n',
            f'  File "{library}", line 345, in decode\n',
        ],
    }
    failure = outcome(INVOKE)
    assert not isinstance(failure, NotStarted)
    assert failure.came_back == "KeyError: 'price'"
    assert failure.look_at == "app.py, line 5, in handler"


def test_a_timeout_is_told_without_time_stamp_and_request_id(outcome: Outcome, functions: dict[str, object]) -> None:
    """A busy computer may be the reason, so the message doesn't only blame the learner's code."""
    functions["hikari-total"] = {
        "errorType": "Sandbox.Timedout",
        "errorMessage": "2026-11-24T15:00:00.123Z 7f9c24e8-3b12 Task timed out after 3.00 seconds",
    }
    failure = outcome(INVOKE)
    assert failure.came_back == "Sandbox.Timedout: Task timed out after 3.00 seconds"
    assert failure.problem == "Your function timed out. If your computer is busy, run the check again."


def test_a_check_with_its_own_words_for_a_timeout_also_mentions_a_busy_computer(outcome: Outcome) -> None:
    failure = outcome(
        "    attempt.fail('Your worker never finished.', called='c', "
        "came_back='Sandbox.Timedout: Task timed out', expected='e', look_at='l')\n"
    )
    assert failure.problem == "Your worker never finished. If your computer is busy, run the check again."


@pytest.mark.parametrize("answer", [None, 2400, "2400", [], {"total": 2400}])
def test_an_answer_without_the_field_fails_the_learner_not_the_check(
    outcome: Outcome, functions: dict[str, object], answer: Any
) -> None:
    functions["hikari-total"] = answer
    failure = outcome(INVOKE + "    reply['total_yen']\n")
    assert not isinstance(failure, CheckBroken)
    assert failure.problem == 'The answer has no field "total_yen".'


def test_a_reply_equals_its_payload_and_text_looks_different_from_a_number(
    outcome: Outcome, functions: dict[str, object]
) -> None:
    functions["hikari-total"] = "2400"
    rest = "problem='p', called=reply.called, came_back=reply, expected=2400, look_at='l')\n"
    failure = outcome(INVOKE + "    assert reply == '2400'\n    attempt.expect(reply == 2400, " + rest)
    assert failure.came_back == '"2400"'
    assert failure.expected == "2400"


def test_without_a_local_cloud_the_check_says_which_cell_to_run(outcome: Outcome) -> None:
    failure = outcome(INVOKE)
    assert isinstance(failure, CheckBroken)
    assert "local cloud is not running" in str(failure)
    assert "cloud.start()" in str(failure)


@pytest.mark.usefixtures("functions")
def test_a_cloud_that_has_stopped_is_told_in_the_same_way(outcome: Outcome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    failure = outcome(INVOKE)
    assert isinstance(failure, CheckBroken)
    assert "local cloud is not running" in str(failure)
    assert "127.0.0.1" not in str(failure)


AWS_ERROR = """\
    from botocore.exceptions import ClientError
    raise ClientError({"Error": {"Code": "%s", "Message": "the message"}}, "GetQueueUrl")
"""


def test_something_that_does_not_exist_is_not_started(outcome: Outcome) -> None:
    failure = outcome(AWS_ERROR % "AWS.SimpleQueueService.NonExistentQueue")
    assert isinstance(failure, NotStarted)
    assert "NonExistentQueue: the message" in str(failure)


def test_another_error_of_aws_is_a_failure_with_its_code(outcome: Outcome) -> None:
    failure = outcome(AWS_ERROR % "AccessDeniedException")
    assert not isinstance(failure, NotStarted | CheckBroken)
    assert "The cloud refused GetQueueUrl." in str(failure)
    assert "AccessDeniedException: the message" in str(failure)


@pytest.mark.parametrize("body", ["    {}['oops']\n", "    assert False, 'oops'\n"])
def test_a_bug_in_the_check_does_not_blame_the_learner_and_is_not_counted(
    outcome: Outcome, body: str, capsys: pytest.CaptureFixture[str]
) -> None:
    failure = outcome(body)
    assert isinstance(failure, CheckBroken)
    assert "check itself has a bug. This says nothing about your work" in str(failure)
    assert re.search(r"oops.*line 6 of checks.py", str(failure))
    capsys.readouterr()
    Lab("05").progress()
    assert "not started  0 attempts" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def (", r"cannot be loaded \(SyntaxError: .*line 1\)"),
        ("raise ValueError('oops')", r"cannot be loaded \(ValueError: oops, line 1 of checks.py\)"),
        (HEAD + "    pass\n", "and course.toml list different tasks: 5.2"),
        (HEAD + "    pass\n" + OTHER.replace("5.2", "5.1"), "checks task 5.1 twice"),
        (HEAD + "    pass\n" + OTHER.replace("5.2", "5.7"), "and course.toml list different tasks: 5.2, 5.7"),
        (None, "is missing"),
    ],
)
def test_a_broken_checks_file_is_the_courses_fault(course_dir: Path, source: str | None, message: str) -> None:
    path = course_dir / "modules/05-lamps/checks.py"
    path.unlink() if source is None else path.write_text(source, encoding="utf-8")
    with pytest.raises(CourseFault, match=rf"^modules/05-lamps/checks.py {message}"):
        Lab("05").check("5.1")


def test_a_long_value_is_cut_at_its_end() -> None:
    failure = CheckFailed("p", came_back="a" * 500 + "b" * 500, task_id="5.1")
    assert failure.came_back == f"{'a' * 300} [... 700 more characters]"


def test_the_panel_escapes_what_came_back_and_says_the_state_in_words() -> None:
    failure = CheckFailed("<b>bold</b>", came_back="<script>alert(1)</script>", task_id="5.1")
    assert "<script>" not in failure.html()
    assert "&lt;script&gt;" in failure.html()
    assert "5.1 failed: &lt;b&gt;bold" in failure.html()
    assert '<th scope="row"' in failure.html()


def test_a_notebook_shows_the_panel_and_then_one_line_without_traceback(
    functions: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    functions["hikari-total"] = {"total_yen": 1}
    shell = InteractiveShell.instance()
    try:
        shell.run_cell(  # type: ignore[no-untyped-call]
            "from serverless_first.lab import Lab; Lab('05').check('5.1')"
        )
    finally:
        InteractiveShell.clear_instance()
    printed = capsys.readouterr().out
    assert "Traceback" not in printed
    assert printed.count("The total is wrong.") == 1  # in the panel; the last line doesn't repeat it
    assert printed.splitlines()[-2:] == [
        '  Stuck? lab.hint("5.1") shows a hint.',
        "CheckFailed: 5.1 failed. The panel above says why.",
    ]
