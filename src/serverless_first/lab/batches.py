"""Helpers for checks of functions that report a batch's failures, and of the mappings that feed them."""

from __future__ import annotations

from typing import Any

from serverless_first.lab.attempt import Attempt, Reply
from serverless_first.lab.failures import CheckFailed, NotStarted

_ENTRY = "itemIdentifier"


def batch_reply(attempt: Attempt, name: str, event: dict[str, Any]) -> Reply:
    """Invokes a function with a batch in which messages may be broken. An error fails the check."""
    try:
        return attempt.invoke(name, event)
    except NotStarted:
        raise
    except CheckFailed as failure:
        attempt.fail(
            "One message that fails makes the whole call fail. The whole batch comes back, including the "
            "messages that were handled.",
            called=f"invoke {name} with a batch of {len(event['Records'])} messages, some of which are broken",
            came_back=failure.came_back,
            expected="a response that lists the messages that failed, whatever their errors",
            look_at=f"{failure.look_at}, and what your function does when the work on one record raises an error",
        )


def expect_reported(attempt: Attempt, reply: Reply, event: dict[str, Any], failing: set[str], what: str) -> None:
    """Expects that a response lists the messages that failed, and no others.

    Args:
        failing: the ids of the messages that can't be handled.
        what: what is in the batch, for a message.
    """
    entries = reply["batchItemFailures"] or []
    called = f"invoke with a batch of {len(event['Records'])} messages: {what}"
    _expect_entries(attempt, reply, entries, called)
    named = {str(entry[_ENTRY]) for entry in entries}
    attempt.expect(
        named <= {record["messageId"] for record in event["Records"]},
        problem="Your response lists something that is not a message in the batch. Lambda treats the whole batch as "
        "failed.",
        called=called,
        came_back=reply,
        expected="the ids of the messages that failed",
        look_at="which field of a record identifies its message",
    )
    summary = f"{len(named)} {'failure' if len(named) == 1 else 'failures'} listed"
    expected = f"{len(failing)} listed, for the messages that can't be handled"
    attempt.expect(
        not failing - named,
        problem="A message that failed is not reported. Lambda will delete it, so its order is lost.",
        called=called,
        came_back=summary,
        expected=expected,
        look_at="what your function does with an exception",
    )
    attempt.expect(
        not named - failing,
        problem="Messages that were handled, or can be, are reported as failed. They will come again.",
        called=called,
        came_back=summary,
        expected=expected,
        look_at="which records get into the list",
    )


def _expect_entries(attempt: Attempt, reply: Reply, entries: Any, called: str) -> None:
    """Expects a list of dicts with the one key that Lambda reads."""
    form = '{"batchItemFailures": [{"' + _ENTRY + '": ...}, ...]}, with a dict for each failure'
    attempt.expect(
        isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries),
        problem="The list contains bare ids. Lambda can't read it and treats the whole batch as failed."
        if isinstance(entries, list)
        else "The failures aren't in a list. Lambda can't read the response and treats the whole batch as failed.",
        called=called,
        came_back=reply,
        expected=form,
        look_at="what your function appends to the list",
    )
    wrong = sorted({str(key) for entry in entries for key in entry if set(entry) != {_ENTRY}})
    attempt.expect(
        all(set(entry) == {_ENTRY} for entry in entries),
        problem=f"The entries have the {'key' if len(wrong) == 1 else 'keys'} {', '.join(wrong) or '(none)'}, which "
        "Lambda doesn't know, so it treats the whole batch as failed.",
        called=called,
        came_back=reply,
        expected=form,
        look_at="how the key of an entry is spelled",
    )


def expect_mapping(attempt: Attempt, name: str, queue: str) -> dict[str, Any]:
    """Returns a function's only mapping, which reads that queue by tens and reads the function's response.

    Raises:
        NotStarted: there is no mapping.
        CheckFailed: it has other settings.
    """
    mappings = attempt.client("lambda").list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    sources = [str(mapping["EventSourceArn"]).split(":")[-1] for mapping in mappings]
    if not sources:
        attempt.not_started(f"{name} doesn't have an event source mapping yet.")
    called = f"list_event_source_mappings for {name}"
    attempt.expect(
        sources == [queue],
        problem=f"{name} reads a different queue, or several queues.",
        called=called,
        came_back=sources,
        expected=[queue],
        look_at="the EventSourceArn of your mapping",
    )
    mapping, look_at = dict(mappings[0]), "the arguments of create_event_source_mapping"
    types = mapping.get("FunctionResponseTypes") or []
    for holds, problem, came_back, expected in (
        (
            mapping["BatchSize"] <= 10,
            f"Lambda may pass more than ten messages to one call of {name}.",
            f"BatchSize {mapping['BatchSize']}",
            "at most ten",
        ),
        (
            types == ["ReportBatchItemFailures"],
            f"Lambda doesn't read the response of {name}. A message that the function lists as failed is deleted, so "
            "its order is lost.",
            f"FunctionResponseTypes {types}",
            "the response type that the lesson uses",
        ),
        (
            mapping["State"] not in ("Disabled", "Disabling"),
            f"The mapping is disabled, so {name} gets no messages.",
            f"State {mapping['State']}",
            "State Enabled",
        ),
    ):
        attempt.expect(holds, problem=problem, called=called, came_back=came_back, expected=expected, look_at=look_at)
    return mapping
