"""Check of module 03, task 3.3: a canary, and a guard that promotes it or rolls it back."""

from __future__ import annotations

import json
import random

from serverless_first.lab import Attempt, task
from serverless_first.lab.functions import Scratch, alive, fresh_id
from serverless_first.lab.show import say

_chance = random.Random()

# Fails only on the second call of each environment, so the first call and the last call look fine.
NOW_AND_THEN = """calls = 0
def handler(e, c):
    global calls
    calls += 1
    if calls == 2:
        raise ValueError("broken")
    return {}
"""
GOOD, BAD = "def handler(e, c):\n    return {}\n", "def handler(e, c):\n    raise ValueError('broken')\n"


@task("3.3")
def release(attempt: Attempt) -> None:
    """Checks that the canary gets a tenth, and that the guard promotes what works and rolls back what fails."""
    _canary(attempt)
    client = attempt.client("lambda")
    try:
        client.get_function_configuration(FunctionName="hikari-release-guard")
    except client.exceptions.ResourceNotFoundException:
        attempt.not_started(
            "hikari-release-guard isn't deployed yet.", look_at="step 5: run the cell that deploys guard.py"
        )
    say("3.3: running your guard on four releases ...")
    with Scratch(attempt, like="hikari-release-guard") as scratch:
        _guarded(attempt, scratch, GOOD, BAD, "the new version fails", promote=False)
        _guarded(attempt, scratch, GOOD, GOOD, "both versions work", promote=True)
        _guarded(attempt, scratch, BAD, GOOD, "the old version fails, and the new version works", promote=True)
        _guarded(attempt, scratch, GOOD, NOW_AND_THEN, "the new version fails on its second call", promote=False)


def _canary(attempt: Attempt) -> None:
    client = attempt.client("lambda")
    try:
        alias = client.get_alias(FunctionName="hikari-banner", Name="live")
    except client.exceptions.ResourceNotFoundException:
        attempt.not_started('hikari-banner has no alias "live" yet.')
    old, weights = alias["FunctionVersion"], (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    called, routing = "get_alias hikari-banner live", {"FunctionVersion": old, "AdditionalVersionWeights": weights}
    expected = "nine calls in ten to today's code, one in ten to the sale code"
    attempt.expect(
        len(weights) == 1,
        problem="The alias live sends every call to one version, so there is no canary.",
        called=called,
        came_back=routing,
        expected=expected,
        look_at="the RoutingConfig of create_alias",
    )
    ((new, weight),) = weights.items()
    texts = [str(attempt.invoke("hikari-banner", {}, qualifier=version)["text"]) for version in (old, new)]
    is_sale = ["sale" in text for text in texts]
    attempt.expect(
        is_sale != [True, False],
        problem=f"The canary's weight is on the wrong version. The sale code gets {1 - weight:.0%} of the calls.",
        called=f"{called}, then versions {old} and {new}",
        came_back=f"{json.dumps(routing)}; version {old} says {texts[0]!r}",
        expected=expected,
        look_at="which version FunctionVersion names, and which version has the weight",
    )
    attempt.expect(
        is_sale == [False, True],
        problem="The two versions have the same code.",
        called=f"{called}, then versions {old} and {new}",
        came_back=texts,
        expected="today's text, then the sale text",
        look_at="where you publish, because publish_version copies the currently deployed code",
    )
    attempt.expect(
        abs(weight - 0.1) < 0.001,
        problem=f"The new version gets {weight:.0%} of the calls.",
        called=called,
        came_back=routing,
        expected=expected,
        look_at="the weight, which is a share of the calls from 0.0 to 1.0",
    )


def _guarded(attempt: Attempt, scratch: Scratch, old_code: str, new_code: str, case: str, *, promote: bool) -> None:
    """Runs the guard while each version gets half of the calls, so 45 calls miss the new one once in 2**45 runs."""
    client, name, calls = attempt.client("lambda"), scratch.function(old_code), _chance.randint(45, 60)
    live = fresh_id("live")  # the event names the alias, as it names the function
    old = client.publish_version(FunctionName=name)["Version"]
    scratch.change(name, new_code + "# the new version\n")
    new = client.publish_version(FunctionName=name)["Version"]
    client.create_alias(
        FunctionName=name, Name=live, FunctionVersion=old, RoutingConfig={"AdditionalVersionWeights": {new: 0.5}}
    )
    reply = attempt.invoke("hikari-release-guard", {"function": name, "alias": live, "calls": calls})
    alias = client.get_alias(FunctionName=name, Name=live)
    leads_to, weights = alias["FunctionVersion"], (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights")
    served = sum(e.invocations for e in alive(name))
    keep, action = (new, "promoted") if promote else (old, "rolled back")
    report = {
        "called": f"{reply.called} (old version {old}, new version {new}; {case})",
        "came_back": f"{reply!r}; the alias points to {leads_to}, weights {json.dumps(weights or {})}",
        "expected": f'{{"action": "{action}"}}; the alias points to {keep}, weights {{}}',
    }
    called = {e.version for e in alive(name) if e.invocations}
    missed = not called & {old, new} or (promote and served >= calls and not {old, new} <= called)
    if not called & {old, new}:
        problem = "No call came through the alias, because neither of the alias's versions was called."
        look_at = "invoke in guard.py, which calls $LATEST unless you pass the alias's name as Qualifier"
    elif missed:
        problem = (
            f"Your guard calls version {next(iter(called))} directly. Through the alias, both versions get half of "
            "the calls."
        )
        look_at = "the Qualifier that your guard gives to invoke"
    elif weights and leads_to == keep and reply["action"] == action:
        problem, look_at = "The weights are still in place, so the other version still gets calls.", "RoutingConfig"
    elif leads_to == "$LATEST":
        problem = "The alias points to $LATEST, so from now on every deployment reaches all customers at once."
        look_at = "the version that you give to update_alias"
    elif not promote and reply["action"] == "promoted" and new_code == NOW_AND_THEN:
        problem = (
            "Your guard promoted a version that fails once in a while. Even one failed call among good calls counts."
        )
        look_at = "whether your guard still remembers a failed call when the next call succeeds"
    elif not promote and reply["action"] == "promoted":
        problem = "Your guard promoted a version that fails. Lambda answers HTTP 200 even if the function fails."
        look_at = "how your guard notices that a call has failed"
    elif promote and reply["action"] == "rolled back" and old_code == BAD:
        problem = "Your guard blames the new version for errors of the old version."
        look_at = "which failed calls count; each response names the version that served the call"
    else:
        problem, look_at = "The alias or the answer is wrong.", "update_alias in guard.py, and what you return"
    right = reply["action"] == action and leads_to == keep and not weights and not missed
    attempt.expect(right, problem=problem, look_at=look_at, **report)
    attempt.expect(
        served == calls or not promote,
        problem=f"The event asked for {calls} calls to the function, but your guard made {served}.",
        look_at="the number of calls, which is in the event",
        **report,
    )
    served_by = [e.version for e in alive(name)]
    most = max(map(served_by.count, served_by))
    attempt.expect(
        most == 1,
        problem="Your guard makes several calls at the same time, so a bad version fails for many customers at once.",
        look_at="whether each call waits for the answer to the call before it",
        **(
            report
            | {"came_back": f"{most} environments of one version", "expected": "one environment for each version"}
        ),
    )
