"""The ten questions of a drill, each answered only from the record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from serverless_first.course.words import count
from serverless_first.drill.cost import cost_of
from serverless_first.drill.finding import (
    DIRECT_CONNECTIONS,
    NO_DEAD_LETTERS,
    NO_IDEMPOTENCY,
    SHORT_VISIBILITY,
    STATE_IN_MEMORY,
)
from serverless_first.drill.record import LATE_COPIES, Posted, Record

#: Generous, because a sound design must also meet these limits on a slow and busy machine.
ANSWER_LIMIT_MS = 15_000.0
DRAIN_LIMIT_S, DRAIN_LIMIT_EACH_S = 180.0, 0.3
#: For 1,000 orders and usage-based costs only. A sound design costs about a quarter of this.
COST_LIMIT_USD = 0.50


class Answer(NamedTuple):
    """A record's answer to one question, as parts of a `Finding`. The shop has passed if `means` is empty."""

    seen: str
    means: str = ""
    look: str = ""
    design: str = ""


class Case:
    """The record's evidence, order by order."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.cost = cost_of(record)
        self.good = [order for order in record.posted if order.kind != "poison"]
        self.poison = {order.order_id for order in record.posted if order.kind == "poison"}
        self.accepted = [order for order in self.good if order.accepted]
        self.rows = Counter(order_id for order_id, _ in record.rows)
        self.statuses = dict(record.rows)
        self.dead = [letter for letter in record.dead_letters if letter.order_id not in self.poison]
        self.dead_poison = [letter for letter in record.dead_letters if letter.order_id in self.poison]
        self.not_done = {letter.order_id for letter in (*record.dead_letters, *record.left)}
        worker = record.function("Worker")
        self.timeout_s = worker.timeout_s if worker else 0.0
        self.longest_s = min(worker.longest_ms / 1000, self.timeout_s) if worker else 0.0
        self.refused = sum(use.refused for use in record.functions)

    @property
    def has_unknown(self) -> bool:
        """Whether a message is left that the drill could not look at. The message may belong to any order."""
        return "" in self.not_done

    @property
    def is_seen_too_early(self) -> bool:
        """Whether a message could come back while a call worked on it, because a call may take as long as its timeout.

        A longer time in a REPORT line comes from a slow machine, not from work.
        """
        return self.timeout_s > self.record.queue.visibility_timeout_s

    @property
    def has_no_seats(self) -> bool:
        """Whether connections that bypass the proxy have taken the last seat."""
        return self.refused > 0 or self.record.database.direct_most >= self.record.database.seats


def _some(order_ids: Sequence[str]) -> str:
    """Up to three order ids."""
    ids = ", ".join(order_ids[:3])
    return ids if len(order_ids) <= 3 else f"{ids} and {len(order_ids) - 3:,} more"


def none_lost(case: Case) -> Answer:
    missing = [order.order_id for order in case.accepted if not case.rows[order.order_id]]
    if not missing:
        return Answer(f"{count(len(case.accepted), 'order')} accepted, none lost.")
    lost = [order_id for order_id in missing if order_id not in case.not_done]
    if not lost:
        return Answer(
            f"{count(len(missing), 'accepted order')} of {len(case.accepted):,} not in the database: "
            f"{_some(missing)}. Their messages are still there, in the dead-letter queue or in the order queue.",
            "The worker could not write them.",
            "The finding about dead letters tells you why, and the worker's log shows its errors.",
        )
    if case.has_unknown:
        return Answer(
            f"{count(len(lost), 'accepted order')} of {len(case.accepted):,} not in the database: {_some(lost)}. "
            "The drill could not look at some of the remaining messages, which may belong to these orders.",
            "A message in flight is hidden. When the drill ended, calls were still working on some "
            "messages, or had been killed.",
            "Look at the worker's log, and drill again when the visibility timeout has expired.",
        )
    return Answer(
        f"{count(len(lost), 'accepted order')} of {len(case.accepted):,} lost, with no row and no message in any "
        f"queue: {_some(lost)}.",
        "The shop reported these orders as safe. The front door did this by replying 202, and the worker by "
        "returning, after which SQS deletes the message. But the orders were only in the memory of an execution "
        "environment. When the environment ended, the orders were gone.",
        "Look at what a function keeps in module variables from one call to the next, and at what it writes before "
        "it returns.",
        STATE_IN_MEMORY,
    )


def once(case: Case) -> Answer:
    rows = [order for order in case.good if case.rows[order.order_id] > 1]
    charges = Counter(order_id for order_id, decision in case.record.charges if decision == "charged")
    charged = sorted(order_id for order_id, times in charges.items() if times > 1)
    again = [order for order in case.good if order.copies > 1]
    if not rows and not charged:
        return Answer(f"{count(len(again), 'order')} came more than once, and none has more than one row or charge.")
    sentences = []
    if rows:
        sentences.append(
            f"{count(len(rows), 'order has', 'orders have')} more than one row: {_some([o.order_id for o in rows])}. "
            f"{count(len(again), 'order')} came more than once."
        )
    if charged:
        sentences.append(f"{count(len(charged), 'order was', 'orders were')} charged more than once: {_some(charged)}.")
    if rows and _is_remembered(case, rows):
        late = [order for order in rows if order.kind == "late"]
        return Answer(
            " ".join(sentences),
            f"{count(len(late), 'of them came', 'of them came')} twice more after the worker's environments had "
            "been killed. The first of these two copies was written again, but not the second. So the worker remembers "
            "the orders that it has seen, but only in the memory of that environment. No other environment knows about "
            "these orders.",
            "Look at what the worker keeps in module variables, and at which part of the shop could know all orders.",
            STATE_IN_MEMORY,
        )
    means = (
        "SQS delivers messages at least once, and clients retry, so the same order can come twice. Nothing in this "
        "design recognizes the second copy."
    )
    if not rows:
        means = (
            "The same payment was requested more than once. This happens after a timeout, or when the same order "
            "comes again. The provider could not tell that both requests were for one payment."
        )
    return Answer(
        " ".join(sentences),
        means,
        "Look at what happens when the worker gets an order that is already in the database, and at the key that "
        "the provider gets.",
        NO_IDEMPOTENCY,
    )


def _is_remembered(case: Case, doubled: Sequence[Posted]) -> bool:
    """Whether an order that came twice at once, to new environments, was written only for the first copy."""
    if case.has_unknown:  # the message may be one of these copies
        return False
    late = [order for order in doubled if order.kind == "late" and order.order_id not in case.not_done]
    return any(0 < case.rows[order.order_id] - order.rows_before < LATE_COPIES for order in late)


def ended(case: Case) -> Answer:
    decided = dict(case.record.charges)
    expected = {"charged": "paid", "refused": "cancelled"}
    there = [order.order_id for order in case.accepted if case.rows[order.order_id]]
    wrong = [o for o in there if case.statuses[o] != expected.get(decided.get(o, ""), "")]
    if not wrong:
        ends = Counter(case.statuses[order_id] for order_id in there)
        return Answer(f"{ends['paid']:,} paid, {ends['cancelled']:,} canceled.")
    kinds = Counter((case.statuses[o], decided.get(o, "not asked")) for o in wrong)
    mismatches = "; ".join(
        f"{number:,} {status!r} in the database and {decision!r} at the provider"
        for (status, decision), number in sorted(kinds.items())
    )
    ran = ", ".join(f"{status} {number:,}" for status, number in sorted(case.record.executions.items())) or "none"
    causes = Counter(case.record.failures)
    why = f" Some failed with {'; '.join(sorted(causes))}." if causes else ""
    return Answer(
        f"{count(len(wrong), 'order does', 'orders do')} not match the provider's decision: {mismatches}. Executions: "
        f"{ran}.{why}",
        "Either no workflow requested the payment, or the provider's reply did not reach the database.",
        f"Look at these orders' executions, which are named by order id ({_some(wrong)}), and at the errors that the "
        "workflow retries.",
    )


def dead_letters(case: Case) -> Answer:
    stuck = [letter for letter in case.record.left if letter.order_id in case.poison]
    if case.record.queue.max_receives is None:
        times = max((letter.receives for letter in stuck), default=0)
        received = f" and has been received {times:,} times so far" if times else ""
        return Answer(
            "The order queue has no dead-letter queue (no redrive policy)."
            + (f" The poison is still in the order queue{received}." if stuck else ""),
            "A message that can never succeed comes back after each visibility timeout, until the message "
            "expires. Each delivery costs a call, and nobody ever sees the message.",
            "Look at the RedrivePolicy of the queue in your template.",
            NO_DEAD_LETTERS,
        )
    if case.dead:
        return _good_dead_letters(case)
    if case.dead_poison:
        return Answer(f"{count(len(case.dead_poison), 'message')}, and it is the poison.")
    fact = "The poison is not in the dead-letter queue"
    if stuck or case.has_unknown:
        allowed = f"{stuck[0].receives:,} of {case.record.queue.max_receives:,} allowed receives" if stuck else ""
        return Answer(
            f"{fact}. It is still in the order queue, after {allowed}."
            if stuck
            else f"{fact}. The drill could not look at some of the remaining messages, which may include the poison.",
            "With so many allowed receives, or such a long visibility timeout, it takes a long time until anybody "
            "sees what is wrong.",
            "Look at maxReceiveCount and at the queue's visibility timeout.",
        )
    return Answer(
        f"{fact} or anywhere else. It has vanished.",
        "The worker told SQS that the message was done. Now nobody can find out what this customer ordered.",
        "Look at what the worker does with an order that PostgreSQL refuses, and at what it returns in that case.",
    )


def _good_dead_letters(case: Case) -> Answer:
    """Why good orders are in the dead-letter queue."""
    dead = sorted({letter.order_id for letter in case.dead})
    times = max(letter.receives for letter in case.dead)
    again = {order.order_id for order in case.good if order.copies > 1}
    fact = f"{count(len(dead), 'good order')} in the dead-letter queue: {_some(dead)}; received up to {times:,} times."
    # This comes first, because SQS can also hand out a second copy too early, and then the worker is not to blame.
    if case.is_seen_too_early:
        return Answer(
            fact,
            "They did not fail that often. While a call worked on them, their visibility timeout expired, so SQS "
            "handed them out again. Each time counts as a receive.",
            "The finding about the visibility timeout has the numbers.",
            SHORT_VISIBILITY,
        )
    if set(dead) <= again and all(case.rows[order_id] for order_id in dead):
        return Answer(
            fact,
            "These are orders that came twice. The first copy is in the database. The second copy failed each "
            "time, because the worker treats an order that is already there as an error.",
            "Look at what the worker does when the row already exists, and at what it returns in that case.",
            NO_IDEMPOTENCY,
        )
    if case.has_no_seats:
        return Answer(
            fact,
            "Their calls failed again and again because PostgreSQL had no connection left.",
            "The finding about connections has the numbers.",
            DIRECT_CONNECTIONS,
        )
    return Answer(
        fact,
        "Their calls failed as often as the redrive policy allows.",
        "Look at the worker's log for their errors, at maxReceiveCount, and at whether one bad message brings back "
        "its whole batch.",
    )


def hidden(case: Case) -> Answer:
    visible_s = case.record.queue.visibility_timeout_s
    fact = f"Visibility timeout {visible_s:g} s; the worker's longest call took {case.longest_s:.1f} s"
    if not case.is_seen_too_early:
        return Answer(f"{fact}.")
    return Answer(
        f"{fact}, and the worker's timeout is {case.timeout_s:g} s.",
        "When the visibility timeout expires before the call ends, the queue hands the message out again. Two "
        "environments then work on the same order. Each time counts as a receive, until a good order becomes a dead "
        "letter.",
        "Compare the queue's VisibilityTimeout with the worker's Timeout.",
        SHORT_VISIBILITY,
    )


def connections(case: Case) -> Answer:
    database = case.record.database
    fact = (
        f"{count(database.seats, 'seat')}; at most {count(database.proxied_most, 'connection')} through the proxy "
        f"and {count(database.direct_most, 'direct connection')}"
    )
    if not case.has_no_seats:
        return Answer(f"{fact}; none refused.")
    log_lines = (
        f"{count(case.refused, 'line', 'lines')} in the functions' logs "
        f"{'says' if case.refused == 1 else 'say'} that PostgreSQL had no connection left"
    )
    return Answer(
        f"{fact}; {log_lines if case.refused else 'all seats were taken'}.",
        "Each execution environment keeps its own connection, even while it is frozen. A burst starts more "
        "environments than the database has seats, so some of them get no connection.",
        "Look at the host that the functions connect to, and at the pool that could share connections between them.",
        DIRECT_CONNECTIONS,
    )


def projection(case: Case) -> Answer:
    statuses = dict(case.record.projection)
    there = [order.order_id for order in case.accepted if case.rows[order.order_id]]
    missing = [order_id for order_id in there if order_id not in statuses]
    other = [order_id for order_id in there if order_id in statuses and statuses[order_id] != case.statuses[order_id]]
    known = {look.order_id: look for look in case.record.looks if look.order_id in statuses}
    blind = [o for o, look in known.items() if (look.http_status, look.status) != (200, statuses[o])]
    if not missing and not other and not blind:
        return Answer(
            f"{count(len(there), 'order is', 'orders are')} the same in the database and in the projection. "
            f"{count(len(known), 'customer')} looked and saw the right status."
        )
    parts = []
    if missing:
        parts.append(f"{count(len(missing), 'order')} not in the projection: {_some(missing)}.")
    if other:
        first = other[0]
        parts.append(
            f"{count(len(other), 'order')} with a different status, for instance {first}: {statuses[first]!r} to the "
            f"customer, {case.statuses[first]!r} in the database."
        )
    if blind:
        look = known[blind[0]]
        parts.append(
            f"GET /orders/{look.order_id} returned {look.http_status} with status {look.status!r}; the projection has "
            f"{statuses[look.order_id]!r}."
        )
    if not missing and not other:
        return Answer(
            " ".join(parts),
            "The front door does not show what is in the projection.",
            "Look at what the front door returns for a GET.",
        )
    return Answer(
        " ".join(parts),
        "Events can come late, twice, or in a different order. Either an event was lost, or an older event has "
        "overwritten a newer event.",
        "Look at what publishes the event when the status changes, and at what the projector does with a late event.",
    )


def answers(case: Case) -> Answer:
    times_ms = sorted(ms for order in case.record.posted for ms in order.took_ms)
    p99_ms = times_ms[min(len(times_ms) - 1, int(0.99 * len(times_ms)))] if times_ms else 0.0
    refused = [order.order_id for order in case.good if not order.accepted]
    errors = sum(status == 0 or status >= 500 for order in case.record.posted for status in order.statuses)
    excused = 2 * case.record.killed.get("Front", 0) + len(times_ms) // 50
    fact = (
        f"{count(len(times_ms), 'POST')}; 99 of 100 got a reply within {ANSWER_LIMIT_MS / 1000:g} s"
        if p99_ms <= ANSWER_LIMIT_MS
        else f"{count(len(times_ms), 'POST')}; one in a hundred waited longer than {ANSWER_LIMIT_MS / 1000:g} s"
    )
    fact += f"; {errors:,} got an error (5xx) or no reply"
    if p99_ms <= ANSWER_LIMIT_MS and not refused and errors <= excused:
        return Answer(f"{fact}.")
    if refused:
        fact += f"; {count(len(refused), 'good order was', 'good orders were')} never accepted: {_some(refused)}"
    return Answer(
        f"{fact}.",
        "The front door depends on something that is slow or down, so clients wait for more than storing the "
        "order in the queue.",
        "Look at what the front door does before it replies 202, and at the front door's log.",
    )


def drained(case: Case) -> Answer:
    record = case.record
    limit_s = DRAIN_LIMIT_S + DRAIN_LIMIT_EACH_S * record.orders
    running = record.executions.get("RUNNING", 0)
    left = [letter for letter in record.left if letter.order_id not in case.poison]
    waiting = {"orders": len(left)} | {name: number for name, number in record.waiting.items() if number}
    moving = [f"{number:,} in the {name} queue" for name, number in waiting.items() if number]
    moving += [count(running, "execution is still running", "executions are still running")] if running else []
    if not moving and record.draining_s <= limit_s:
        return Answer(f"All work was done within the limit of {limit_s:g} s.")
    late = f"It took longer than {limit_s:g} s." if record.draining_s > limit_s else "The drill stopped waiting."
    return Answer(
        f"Not done: {'; '.join(moving)}. {late}" if moving else late,
        "Work waits for something that does not come, such as an answer, a connection, or a function that "
        "fails each time.",
        "Look at the executions that are still running, and at the logs of the functions that read these queues.",
    )


def paid(case: Case) -> Answer:
    cost = case.cost
    fact = f"{cost.usd:.3f} USD for 1,000 orders, most of it for {cost.parts[0][0]} ({cost.parts[0][1]:.3f} USD)"
    if cost.usd <= COST_LIMIT_USD:
        return Answer(f"{fact}.")
    return Answer(
        f"{fact}; the limit is {COST_LIMIT_USD:.2f} USD.",
        "Something is done again and again, or takes more steps than necessary.",
        "Look at how many times each function was called, and at the transitions of one execution.",
    )


#: The name, question and rule of each finding, in the order of the findings.
QUESTIONS = (
    ("lost", "Is each accepted order in the database?", none_lost),
    ("doubled", "Is each order in the database once, and charged once?", once),
    ("ended", "Is each order paid or canceled, as the provider decided?", ended),
    ("dead letters", "Is the poison in the dead-letter queue, and nothing else?", dead_letters),
    ("visibility", "Is a message hidden while a worker handles it?", hidden),
    ("connections", "Does the database have a connection for every client that needs one?", connections),
    ("projection", "Does the customer see what is in the database?", projection),
    ("answers", "Does each client get a reply in time?", answers),
    ("drained", "Is all the work done at the end?", drained),
    ("cost", "Does the cost of an order stay within the limit?", paid),
)
