"""Check of module 02, task 2.1: the key of the payment function."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from serverless_first.lab import Attempt, Reply, task
from serverless_first.lab.functions import at_once, borrowed, fresh_id, log_lines
from serverless_first.lab.show import say
from serverless_first.shop.provider import PaymentProvider

PAYMENT, SECRET, TABLE = "hikari-payment", "hikari/provider-key", "payments"
#: The check's provider takes this off each amount, so that its answer differs from what a function asks for.
DISCOUNT_YEN = 300
#: The order that step 2 of task 2.1 pays for. Before that, the function is as the auditor found it.
FIRST_ORDER_AFTER = "order-2"


class _ProviderWithDiscount(PaymentProvider):
    def answer(self, sent: Mapping[str, Any] | None, path: str) -> dict[str, Any]:
        answer = super().answer(sent, path)
        return {**answer, "charged_yen": answer["charged_yen"] - DISCOUNT_YEN}


@task("2.1")
def the_key(attempt: Attempt) -> None:
    """The key comes from Secrets Manager, once for each environment, and nobody else sees it."""
    lambda_, secrets = attempt.client("lambda"), attempt.client("secretsmanager")
    before = secrets.get_secret_value(SecretId=SECRET)["SecretString"]
    settings = lambda_.get_function_configuration(FunctionName=PAYMENT)
    variables = (settings.get("Environment") or {}).get("Variables") or {}
    still = variables.get("PROVIDER_KEY") == before and variables.keys() <= {"PROVIDER_URL", "PROVIDER_KEY"}
    if still and not _has_payment(attempt, FIRST_ORDER_AFTER):
        attempt.not_started(
            f"The key is still in PROVIDER_KEY, an environment variable of {PAYMENT}. Anyone who can read the "
            "function's settings can read the key."
        )
    attempt.expect(
        "PROVIDER_URL" in variables,
        problem="Your function does not know where the provider is, because it was deployed without PROVIDER_URL.",
        called=f"get_function_configuration {PAYMENT}",
        came_back=f"variables {sorted(variables)}",
        expected="PROVIDER_URL is one of them",
        look_at="step 2: the function gets only the variables that you pass",
    )
    first, second = (f"hk-check-{uuid.uuid4().hex}" for _ in range(2))
    try:
        with _ProviderWithDiscount() as provider:
            secrets.put_secret_value(SecretId=SECRET, SecretString=first)
            with borrowed(attempt, PAYMENT, variables_too={"PROVIDER_URL": provider.url}) as restart:
                restart()
                _the_new_key(attempt, provider, before, first, variables)
                secrets.put_secret_value(SecretId=SECRET, SecretString=second)
                _read_once(attempt, provider, first, second)
                restart()
                _pay(attempt, provider)
                attempt.expect(
                    provider.keys[-1] == second,
                    problem="A new environment calls the provider with an old key, not the secret's current value.",
                    called=f"put_secret_value {SECRET}; a new environment; invoke {PAYMENT}",
                    came_back="a call to the provider with an older key",
                    expected="the secret's current key",
                    look_at="where your code keeps the key: in the environment's memory, or somewhere else?",
                )
                provider.close()
                _nothing_without_the_provider(attempt)
        _not_told(attempt, [first, second])
    finally:
        secrets.put_secret_value(SecretId=SECRET, SecretString=before)


def _has_payment(attempt: Attempt, order: str) -> bool:
    return "Item" in attempt.client("dynamodb").get_item(TableName=TABLE, Key={"order": {"S": order}})


def _pay(attempt: Attempt, provider: PaymentProvider) -> Reply:
    """One payment; its answer must be right, and tell nobody the key."""
    order, yen = fresh_id("order"), uuid.uuid4().int % 90_000 + 1_000
    reply = attempt.invoke(PAYMENT, {"order": order, "yen": yen})
    attempt.expect(
        reply["charged_yen"] == yen - DISCOUNT_YEN,
        problem="Your function returns the amount that it asked for, not the amount that the provider has charged."
        if reply["charged_yen"] == yen
        else "The function's answer does not match the provider's.",
        called=f"{reply.called}, while the provider takes off {DISCOUNT_YEN} yen",
        came_back=reply,
        expected={"charged_yen": yen - DISCOUNT_YEN},
        look_at="what your handler returns",
    )
    item = attempt.client("dynamodb").get_item(TableName=TABLE, Key={"order": {"S": order}}).get("Item")
    attempt.expect(
        item is not None,
        problem="The customer is charged, but the payment is not in the table.",
        called=reply.called,
        came_back=f"no item {order} in {TABLE}",
        expected="the payment, recorded as before",
        look_at="your handler, which has to do everything that the original handler did",
    )
    recorded = (item or {}).get("yen", {}).get("N")
    attempt.expect(
        recorded == str(yen),
        problem="The item in the table doesn't say how much the customer has paid.",
        called=reply.called,
        came_back=f"yen: {recorded or 'missing'}",
        expected=f"yen: {yen}, as before",
        look_at="the item that your handler puts into the table",
    )
    places = {"the function's answer": str(reply.payload), f"the item in {TABLE}": str(item)}
    leaks = [place for place, text in places.items() if any(key and key in text for key in provider.keys)]
    attempt.expect(
        not leaks,
        problem="Your function reveals the key to others besides the provider.",
        called=reply.called,
        came_back=f"the key is in {' and in '.join(leaks)}",
        expected="only the provider sees the key",
        look_at="what your handler returns, and what it puts into the table",
    )
    return reply


def _nothing_without_the_provider(attempt: Attempt) -> None:
    """Nobody listens at the provider's address, so nobody is charged."""
    order = fresh_id("order")
    (answer,) = at_once(attempt, PAYMENT, [{"order": order, "yen": 4800}])
    recorded = _has_payment(attempt, order)
    attempt.expect(
        bool(answer.error) and not recorded,
        problem="Your function records a payment before the provider has charged the customer."
        if recorded
        else "Your function hides that the provider couldn't be reached, so the caller thinks that all is well.",
        called=f"invoke {PAYMENT} with {order}, while nobody listens at the provider's address",
        came_back=f"{answer.error.partition(':')[0] or answer.payload}; {'an' if recorded else 'no'} item in {TABLE}",
        expected="an error and no item, as with the original handler",
        look_at="the order of your handler's lines, and which errors it catches",
    )


def _the_new_key(
    attempt: Attempt, provider: PaymentProvider, before: str, first: str, variables: dict[str, str]
) -> None:
    say("2.1: the key has changed; paying for an order ...")
    reply = _pay(attempt, provider)
    attempt.expect(
        bool(provider.keys),
        problem="Your function did not call the provider at the address in PROVIDER_URL.",
        called=f"PROVIDER_URL with another address; {reply.called}",
        came_back="no call to that address",
        expected="a call there",
        look_at="where your code gets the address",
    )
    exposed = sorted(name for name, value in variables.items() if before in value)
    if exposed and provider.keys[0] == before:
        problem = "The key was copied into a variable when you deployed. The secret has changed, but the copy hasn't."
        look_at = f"{exposed[0]}: what reads the secret, the notebook or the function?"
    elif exposed:
        problem = "Your function reads the secret, but the key is still in an environment variable."
        look_at = f"{exposed[0]}: does the new code need it?"
    elif provider.keys[0] == before:
        problem = "The key is in the code. Anyone who gets the package has it, and your repository keeps it forever."
        look_at = "payment.py: where does the key come from if the secret changes?"
    else:
        problem = "Your function calls the provider with something that is not the secret's value."
        look_at = "which part of get_secret_value's response is the key"
    attempt.expect(
        not exposed and provider.keys[0] == first,
        problem=problem,
        called=f"put_secret_value {SECRET} with a new key; {reply.called}",
        came_back=f"variables {sorted(variables)}; at the provider: "
        + {first: "the new key", before: "the old key", "": "no key"}.get(provider.keys[0], "another text"),
        expected="the new key at the provider, and no key in the variables",
        look_at=look_at,
    )


def _read_once(attempt: Attempt, provider: PaymentProvider, first: str, second: str) -> None:
    """The secret has changed meanwhile, so a function that reads it at each call already has the new value."""
    say("2.1: more orders, in the same environment ...")
    for _ in range(3):
        _pay(attempt, provider)
    again = provider.keys[1:].count(second)
    attempt.expect(
        again == 0,
        problem="Your function reads the secret on every call. Each read costs money, and each customer waits for it.",
        called=f"put_secret_value {SECRET}, then three more calls in the same environment",
        came_back=f"{again} of 3 calls sent the new value",
        expected="calls that send the value that the environment read when it started",
        look_at="which lines of your file run on every call, and which once per environment",
    )
    attempt.expect(
        provider.keys[1:].count(first) == 3,
        problem="Later calls in the same environment do not send the key.",
        called="three more calls in the same environment",
        came_back=f"{provider.keys[1:].count('')} calls without a key",
        expected="three calls with the same key as the first call",
        look_at="where your code keeps the key between two calls",
    )


def _not_told(attempt: Attempt, keys: list[str]) -> None:
    leaks = sum(key in line for line in log_lines(attempt, PAYMENT) for key in keys)
    attempt.expect(
        not leaks,
        problem="Your function writes the key to its log. Now everybody who reads logs has it.",
        called=f"filter_log_events /aws/lambda/{PAYMENT}",
        came_back=f"{leaks} lines with a key in them",
        expected="none",
        look_at="what your code prints",
    )
