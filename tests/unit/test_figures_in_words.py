"""Figure functions write their own alt text, and refuse a title that their data contradict."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from tests.unit import state_machine_definitions as definitions
from tests.unit.history_events import POLLED
from tests.unit.proxy_events import PGBOUNCER, PINNED, RDS_PROXY, log

from serverless_cloud.records import CallResult, DatabaseSession, Interval, Sample
from serverless_first import figures
from serverless_first.facts import Release
from serverless_first.figures import Between, Step, style
from serverless_first.figures.fleet import cold_share
from serverless_first.figures.words import WrongTitle, add_alt_text, alt_text, check_title, measured
from serverless_first.simulate import capacity, network, policies, throttling
from serverless_first.simulate.cost import Bill
from serverless_first.simulate.traces import Demand

REFUSED = "FATAL:  remaining connection slots are reserved for roles"


def call(outcome: str) -> CallResult:
    return CallResult(outcome, None, "", 0.3, "REPORT\tDuration: 210.00 ms\t")


def sample(time_s: float, active: int = 0, idle: int = 0) -> Sample:
    states = ["active"] * active + ["idle"] * idle
    sessions = [DatabaseSession(n, "app", "shop", "", state, "", "", 0.0, 0.0) for n, state in enumerate(states)]
    return Sample(time_s, sessions)


def interval(phase: str, start_s: float, end_s: float) -> Interval:
    return Interval("e1", 1, phase, start_s, end_s)


LIFE = [
    *(interval("init", 0, 0.2), interval("invoke", 0.2, 0.5), interval("frozen", 0.5, 1.6)),
    *(interval("invoke", 1.6, 1.9), interval("frozen", 1.9, 3)),
]
BURST = [sample(0, 1), sample(0.1, 17), sample(0.2, 3, 14), sample(0.3, 0, 17)]
SAME_PORT = [
    ("env 1:40000", "db:5432"),
    ("env 2:40000", "db:5432"),
    ("env 2:40001", "api:443"),
    ("env 3:40000", "db:5432"),
]
MESSAGE = [
    *(figures.MessageEvent(0, "sent"), figures.MessageEvent(0.5, "received", "Ann"), figures.MessageEvent(1.5, "back")),
    *(figures.MessageEvent(1.75, "received", "Ben"), figures.MessageEvent(2.0, "deleted", "Ben")),
    figures.MessageEvent(2.25, "done", "Ann"),
]
RELEASES = [Release("A", "limits", "2018", True, (), None), Release("B", "limits", "2021-05-01", False, (), None)]
#: Two clients, one after the other, on the same database connection.
IN_TURN = log(
    (0.0, 1, None, "login"),
    (0.0, None, 7, "open"),
    (0.1, 1, 7, "borrow", "waited 1.0 ms"),
    (0.1, 1, 7, "query", "BEGIN"),
    (0.2, 1, 7, "query", "COMMIT"),
    (0.2, 1, 7, "return"),
    (0.3, 2, None, "login"),
    (0.3, 2, 7, "borrow", "waited 0.0 ms"),
    (0.4, 2, 7, "query", "SELECT 1"),
    (0.5, 2, 7, "return"),
)
HOURS = {
    "on demand, nobody calls": Bill({"requests": 0.0, "duration": 0.0}),
    "on demand, a sale": Bill({"requests": 0.0002, "duration": 0.0004}),
    "two kept ready, nobody calls": Bill({"requests": 0.0, "duration": 0.0, "kept ready": 0.015}),
}
SPANS = {
    "the client waits": (10.0, 10.03),
    "orders, its function": (10.004, 10.028),
    "orders asks stock": (10.005, 10.02),
    "orders writes": (10.021, 10.027),
}
BUCKET = throttling.token_bucket([0.1 * n for n in range(40)], 2, 10)
BY_CALLS = figures.Outage("by calls", (1, 2), [0.0, 2.5], [1.5], [0.1, 2.6])
BY_EVENTS = figures.Outage("by events", (1, 2), [0.0, 1.5, 2.5], [], [0.1, 2.1, 2.6])
STEPS = [
    Step("Lambda", "a limit that I can name", [Between("Web Functions", "a web server as it is")]),
    Step("EC2"),
]
TRIES = {"own role": [call("answered")] * 15 + [call("failed")] * 45}
#: Four minutes of demand that a server with room for 20 requests a second meets, and functions for 0.1 s of work.
FOUR_MINUTES = Demand(np.array([10.0, 20.0, 40.0, 10.0]), 60.0)
FIXED = capacity.simulate(FOUR_MINUTES, policies.physical(20, 20, 0.15))
ELASTIC = capacity.simulate(FOUR_MINUTES, policies.serverless(0.1, 0.17))

#: A figure with a title that its data bear out, and what its alt text says after the title.
WORDS: dict[str, tuple[Callable[[str], Figure], str, str]] = {
    "timeline": (
        lambda title: figures.timeline(LIFE, title=title),
        "One environment served 2 calls; between them it was frozen",
        "The environment's row shows 2 calls. Init took 0.2 s. Each call took 0.3 s. Each frozen phase took 1.1 s. "
        "Between two calls, an environment is frozen.",
    ),
    "pieces": (
        lambda title: figures.pieces(LIFE, limit_s=0.5, title=title),
        "Each of 2 calls is below the limit",
        "In the top row, 2 calls are drawn end to end. Together they took 0.6 s. A dashed line marks the limit of one "
        "call, 0.5 s. The rows below show the same calls as they ran, in 1 environment. The longest call took 0.3 s.",
    ),
    "criteria": (
        lambda title: figures.criteria(
            {"more memory": {"Lambda": "2020", "EC2": "then"}, "a GPU": {"Lambda": "no", "EC2": "then"}}, title=title
        ),
        "One of two reasons has fallen",
        "A table of 2 needs and 2 places to run: Lambda and EC2. Lambda has a diamond with its year at more memory "
        "(2020); a dash at a GPU. EC2 has a dot in every row.",
    ),
    "hour of work": (
        lambda title: figures.hour_of_work(0.1, {"server A": 0.05, "server B": 0.2}, title=title),
        "Server A pays if it is busy for 50% of the time",
        "US dollars for an hour of work against the share of the time in which a server has work. Lambda is a level "
        "line at $0.10. The curve of server A falls and meets this line at 50%. The curve of server B falls but stays "
        "above this line.",
    ),
    "month costs": (
        lambda title: figures.month_costs(
            {"Lambda": lambda requests: requests / 1e6, "Fargate": lambda _requests: 100.0},
            title=title,
            chosen=2.5e6,
            chosen_name="this month",
        ),
        "Fargate pays from 100 million requests on",
        'US dollars a month against requests a month, both on logarithmic axes. The lines are "Lambda" and "Fargate". '
        '"Lambda" and "Fargate" meet at 100 million requests and $100. A dotted line marks this month, 2.5 million '
        "requests.",
    ),
    "decision path": (
        lambda title: figures.decision_path(STEPS, title=title),
        "Begin at the top, and leave each step for a reason",
        "2 boxes, one below the other, are the steps of the path: Lambda and EC2. The arrow from Lambda to EC2 says: a "
        "limit that I can name. Between them, dashed boxes show what came after the deck: Web Functions (a web server "
        "as it is).",
    ),
    "seats": (
        lambda title: figures.seats(title=title, environments=60, connected=17, reserved={"superusers": 3}),
        "17 of 60 customers found a seat; 43 orders are lost",
        "On the left, 60 environments. On the right, a database with 20 seats. 17 environments are connected to the "
        "database, and 43 are crossed out because they were refused. 3 seats are not taken. Reserved seats: 3 for "
        "superusers.",
    ),
    "seats with a proxy": (
        lambda title: figures.seats(title=title, environments=60, connected=60, proxy=10),
        "60 environments need 10 seats",
        "On the left, 60 environments. On the right, a database with 20 seats. 60 environments are connected to the "
        "proxy between them. The proxy holds 10 connections to the database. 10 seats are not taken. Reserved seats: "
        "2 for the master user and 3 for superusers.",
    ),
    "over time": (
        lambda title: figures.connections_over_time(
            BURST, title=title, max_connections=20, reserved=3, marks={0.1: "the sale opens"}
        ),
        "After the last call 17 connections stay idle",
        "Open connections over time. Their number begins at 1, peaks at 17 and ends at 17, all idle. Marked: "
        "at 0.1 s the sale opens. Lines mark max_connections, 20, and the 3 reserved seats below it.",
    ),
    "distribution": (
        lambda title: figures.distribution(
            {"connecting": [20.0, 20.0], "the order": [200.0, 260.0]}, title=title, logarithmic=False
        ),
        "Connecting takes 8% of the time",
        "One row of dots for each group, on a linear axis. connecting: 2 calls with a median of 20 ms. the order: "
        "2 calls with a median of 230 ms.",
    ),
    "counts": (
        lambda title: figures.counts({"version 1": 90, "version 2": 10}, title=title),
        "10 of 100 calls met version 2",
        "2 bars show the number of calls. version 1: 90 and version 2: 10.",
    ),
    "mitigations": (
        lambda title: figures.mitigations(TRIES, title=title),
        "One try has its price",
        "One row for each approach. Own role: of 60 orders, 15 placed and 45 failed.",
    ),
    "two VPCs, no path": (
        lambda title: figures.two_vpcs(title=title, model="none", environments=4, interfaces=0),
        "There is no path from a function to your database",
        "On the left, the VPC of the Lambda service with 4 environments. On the right, your VPC with a database and a "
        "subnet of 11 addresses, 11 of them free. No path leads from one VPC to the other.",
    ),
    "two VPCs in 2019": (
        lambda title: figures.two_vpcs(title=title, model="2019", environments=11, interfaces=11, refused=19),
        "2019: each environment takes an address, and 11 are all there are",
        "On the left, the VPC of the Lambda service with 11 environments and 19 more that are crossed out because they "
        "got no address. On the right, your VPC with a database and a subnet of 11 addresses, none of them free. A "
        "line leads from each environment to its own interface in the subnet, and from there to the database.",
    ),
    "two VPCs now": (
        lambda title: figures.two_vpcs(title=title, model="hyperplane", environments=30, interfaces=1),
        "Now: 30 environments share one interface",
        "On the left, the VPC of the Lambda service with 30 environments. On the right, your VPC with a database and a "
        "subnet of 11 addresses, 10 of them free. A line leads from each environment to Hyperplane in the middle, "
        "which translates addresses. From there, 1 line leads to 1 interface in the subnet, and on to the database.",
    ),
    "cold starts": (
        lambda title: figures.cold_starts(network.cold_start(0.5, "2019"), network.cold_start(0.5), title=title),
        "95% of such a cold start in 2019 was the wait for the interface",
        "Two bars. In 2019, the cold start took 10.5 s, and the hatched part of the bar is the wait for the interface, "
        "10.0 s. Now it takes 0.5 s, without this wait.",
    ),
    "interfaces": (
        lambda title: figures.interfaces_then_and_now((24, 24), title=title),
        "2019: a wall at 250 interfaces. Now two serve 10,000 environments",
        "Network interfaces against environments, both on logarithmic axes. The dashed line, for 2019, rises by one "
        "with each environment and ends at 250. A hatched area above it shows the environments that get none. The "
        "solid line, for today, is at 2 for up to 10,000 environments.",
    ),
    "translations": (
        lambda title: figures.translations(network.translate(SAME_PORT), title=title),
        "The same source port three times, told apart by the interface's ports",
        "A table of 4 connections. env 1:40000 to db:5432 has port 1024 of the interface. env 2:40000 to db:5432 has "
        "port 1025 of the interface. env 2:40001 to api:443 has port 1024 of the interface. env 3:40000 to db:5432 has "
        "port 1026 of the interface. Towards db:5432, 3 of 65,000 ports are in use.",
    ),
    "proxy over time": (
        lambda title: figures.proxy_over_time(IN_TURN, title=title, limit=1, borrowed=True),
        "2 clients come and stay, but they never need more than 1 connection",
        "Connections over time. ClientConnections begins at 0, peaks at 2 and ends at 2. DatabaseConnections begins at "
        "0, peaks at 1 and ends at 1. An area for the borrowed database connections begins at 0, peaks at 1 and ends "
        "at 0. A dotted line marks the pool's limit of 1.",
    ),
    "steps": (
        lambda title: figures.borrow_steps(IN_TURN, title=title, names={1: "Ann", 2: "Ben"}, connections={7: "X"}),
        "Ben gets Ann's connection",
        "A lane for each of 2 clients. Ann borrows connection X for BEGIN and COMMIT. Ben borrows connection X for "
        "SELECT.",
    ),
    "pinned burst": (
        lambda title: figures.pinned_burst(PINNED, title=title),
        "1 client keeps the connection, and the other 2 get none",
        "One row for each of 3 clients. 1 client pins a connection and keeps it to the end. 2 clients wait until the "
        "borrow timeout and get none.",
    ),
    "poolers": (
        lambda title: figures.two_poolers([RDS_PROXY, PGBOUNCER], title=title),
        "RDS Proxy places 10 of 60 orders because it pins, and PgBouncer leaks",
        "RDS Proxy: 10 of 60 orders placed on 10 database connections, 10 pinned. A SET doesn't reach other clients. "
        "PgBouncer: 60 of 60 orders placed on 10 database connections, 0 pinned. A SET reaches other clients.",
    ),
    "borrow waits": (
        lambda title: figures.borrow_waits({"measured": [0.0, 0.1], "simulated": [0.0, 0.2]}, title=title),
        "If both of the 2 orders come at once, the last one waits 0.2 s",
        "The share of the orders that have a connection, against the time waited. measured, 2 orders: 50 percent have "
        "one at once, 95 percent have one within 100 ms and the longest wait is 100 ms. simulated, 2 orders: 50 "
        "percent have one at once, 95 percent have one within 200 ms and the longest wait is 200 ms.",
    ),
    "pinned share": (
        lambda title: figures.pinned_share(
            title=title, clients=6, connections=(2,), work_s=0.2, draws=5, measured={"SET": (6, 2)}
        ),
        "From 2 of 6 clients on that pin, some get no connection",
        "The number of 6 clients that get a connection, against the number that pin theirs. Simulated with a pool of "
        "2: all 6 get one while fewer than 2 pin. From there the curve falls steeply, then more slowly, to 2 when all "
        "pin. Measured, SET: 6 pin, 2 get a connection.",
    ),
    "environments over time": (
        lambda title: figures.environments_over_time(LIFE, title=title),
        "1 environment serves 2 calls, and none is left",
        "Execution environments over time, stacked by what they do. Their number begins at 1, peaks at 1 and "
        "ends at 0. Init peaks at 1, Invoke at 1 and frozen at 1. The last environment ends after 3.0 s.",
    ),
    "an hour's bills": (
        lambda title: figures.hour_bills(HOURS, title=title),
        "Two environments kept ready cost more idle than the sale",
        "One bar for each case shows the cost of an hour, made of requests, duration and kept ready. on demand, nobody "
        "calls: nothing. on demand, a sale: $0.0006. two kept ready, nobody calls: $0.0150.",
    ),
    "responsibilities": (
        lambda title: figures.responsibilities(title=title),
        "Of 12 tasks, eleven are wholly yours on EC2 and four on Lambda, then and now",
        "A row for each of 12 tasks, a column for each service. Wholly yours in 2020: 11 on EC2, 10 on ECS/EKS on "
        "EC2, 7 on Fargate and 4 on Lambda. Wholly yours in 2026: 11 on EC2, 10 on ECS/EKS on EC2, 7 on ECS Managed "
        "Instances, 8 on Lambda MicroVMs, 5 on Lambda Managed Instances, 7 on Fargate and 4 on Lambda. In every "
        "column, these tasks are yours: the code, dependencies, permissions and data. Newer than the slide: ECS "
        "Managed Instances, Lambda Managed Instances and Lambda MicroVMs. Stars mark cells that differ from the "
        "slide: patch the language runtime on Lambda; network and firewall on Lambda.",
    ),
    "two ways": (
        lambda title: figures.two_ways(
            {"transitions": (63, 2), "cost, in cents": (0.163, 0.005)}, names=("polls", "waits"), title=title
        ),
        "Who waits enters 2 states instead of 63",
        "Pairs of bars for 2 measures, polls against waits. transitions: 63 against 2. cost, in cents: 0.16 against "
        "0.005.",
    ),
    "polling": (
        lambda title: figures.polling_trade_off([600.0], title=title),
        "Polling gives you many steps or late news; 2 transitions have neither",
        "Two charts against the wait between polls, from 1 s to 1 h, on logarithmic axes. Left, per job: with polling, "
        "state transitions change from 1,641 to 6, and function calls from 548 to 3. With .sync, there are 2 "
        "transitions and no calls, whatever the wait. Right, the time until the end is noticed: with .sync, the line "
        "stays at the lower edge. With polling, the mean delay changes from 0.6 s to 50 min, and a band reaches up to "
        "the longest delay.",
    ),
    "execution histories": (
        lambda title: figures.execution_histories({"With a poller": POLLED}, title=title),
        "It was in 2 states twice",
        "Time lines on the same axis of time, with a lane for each state and a bar for each stay in it. With a poller: "
        "failed after 3.9 s with JobFailed. It was in Submit Job once, Wait X Seconds 2 times, Get Job Status 2 times, "
        "Job Complete? 2 times and Set Job Failed once.",
    ),
    "state machines": (
        lambda title: figures.state_machines(
            {"Left": definitions.POLLER, "Right": definitions.BATCH}, histories={"Left": POLLED}, title=title
        ),
        "On the left a loop, in 8 steps",
        "Left. It starts with Submit Job. Submit Job (Lambda submit-job): then Wait X Seconds. Wait X Seconds (Wait "
        "$.wait_time s): then Get Job Status. Get Job Status (Lambda check-job): then Job Complete?. Job Complete? "
        "(Choice): if $.status = FAILED Set Job Failed, if $.status = SUCCEEDED Set Job Succeeded, otherwise Wait X "
        "Seconds. Set Job Failed (Fail: JobFailed): then the end. Set Job Succeeded (Lambda notify): then the end. "
        "This execution entered Submit Job once, Wait X Seconds 2 times, Get Job Status 2 times, Job Complete? 2 times "
        "and Set Job Failed once. Right. It starts with Submit Batch Job. Submit Batch Job (batch:submitJob.sync): "
        "then Notify Success, on any error Notify Failure. Notify Success (sns:publish): then the end. Notify Failure "
        "(sns:publish): then the end.",
    ),
    "limits": (
        lambda title: figures.instance_limits(
            1000, instance_classes=["db.t4g.large", "db.r6g.large"], chosen="db.r6g.large", title=title
        ),
        "1,000 environments with a connection each take a db.r6g.large",
        "One bar for each instance class shows the seats of an ordinary user, and a line shows the 1,000 connections "
        "needed: db.t4g.large has 896 and db.r6g.large has 1,797. db.r6g.large has enough.",
    ),
    "table": (
        lambda title: figures.table(
            {
                "first call": {"Duration": "1.53 ms", "State": "cold", "Init Duration": "41 ms"},
                "second call": {"Duration": "1.2 ms", "State": "warm"},
            },
            title=title,
        ),
        "1 of 2 calls has an Init Duration",
        "A table. first call: Duration 1.53 ms, State cold and Init Duration 41 ms. second call: Duration 1.2 ms and "
        "State warm, and no Init Duration.",
    ),
    "life of a message": (
        lambda title: figures.message_life(MESSAGE, title=title),
        "Ann's time was over before her work, so Ben got the same message",
        "A lane for the queue, and one each for Ann and Ben. In the queue, the message is visible for 0.5 s, invisible "
        "for 1.0 s, visible for 0.2 s, invisible for 0.2 s and deleted by Ben. Ann works for 1.8 s, and the message is "
        "back in the queue before that ends. Ben works for 0.2 s.",
    ),
    "burst levelling": (
        lambda title: figures.burst_levelling([0.0] * 4 + [10.0], 1.0, 2, title=title),
        "2 of 5 calls are refused, and with the queue they are late",
        "Three panels over one time axis. Calls: 2 of 5 are refused. Queue: at most 2 wait, none is lost. The oldest "
        "waits 1 s, the last is done after 11 s.",
    ),
    "life cycle": (
        lambda title: figures.lifecycle(title=title),
        "An environment has 4 states",
        "4 states: init, busy, frozen and ended. From init, invoke leads to busy (cold start). From init, freeze leads "
        "to frozen (initialized before the first call). From init, end leads to ended. From busy, freeze leads to "
        "frozen (the handler returned). From busy, end leads to ended. From frozen, invoke leads to busy (warm start). "
        "From frozen, end leads to ended. The box of ended says: crash, timeout, new code, idle too long, cleanup.",
    ),
    "steps of computing": (
        lambda title: figures.abstraction_steps(
            ["rooms,\ncapacity", "capacity", "hosts, capacity", "a limit"], title=title
        ),
        "Capacity stays yours on three steps. On the fourth, a limit is left",
        "Two axes without numbers, the level of abstraction upwards and the focus on business logic to the right. Four "
        "boxes climb from the lower left to the upper right, each with a few words below it. Physical machines: rooms, "
        "capacity. Virtual machines: capacity. Containers: hosts, capacity. Serverless: a limit.",
    ),
    "waits for capacity": (
        lambda title: figures.waiting_times(
            {"a process": [0.001, 0.002]},
            {"a task": (30.0, 45.0), "a server": (7_257_600.0, 7_257_600.0)},
            title=title,
        ),
        "A process starts in milliseconds, and a server takes weeks",
        "One bar for each kind of capacity, on a logarithmic axis of time. Measured here: a process, 1.5 ms. "
        "Published: a task, 30 s to 45 s. Published: a server, 12 weeks.",
    ),
    "capacities": (
        lambda title: figures.capacity_runs([FIXED, ELASTIC], title=title, close_up_s=(120.0, 240.0)),
        "The guess leaves 25% of its capacity idle and still loses the most",
        "The same demand in 2 pictures, from 10 to 40 requests a second. physical: 25% lost, 75% used, $0.01. Its "
        "capacity is always 20 requests a second, and requests are lost in 1 minute. serverless: nothing lost, 100% "
        "used, $0.02. Its capacity is from 10 to 40 requests a second. A small picture shows the time from 0:02 to "
        "0:04 closer up.",
    ),
    "cost against loss": (
        lambda title: figures.cost_against_loss({"a guess": [FIXED], "a limit": [ELASTIC]}, title=title),
        "Functions cost the least if nothing may be lost",
        "The share of requests lost, on a logarithmic axis, against the cost in US dollars, with one curve for each "
        "policy. a guess: from 25% lost at $0.01 to 25% lost at $0.01. a limit: from nothing lost at $0.02 to "
        "nothing lost at $0.02.",
    ),
    "headroom": (
        lambda title: figures.headroom([0, 60, 1800], [1, 1.2, 4.65], [20, 24, 90], title=title),
        "With a lead time of 30 minutes, 4.65 times the demand must be ready",
        "Two curves against the lead time, from 0 to 30 minutes. Left: capacity as a multiple of the demand seen, from "
        "1.00 to 4.65. Right: the cost, from $20.00 to $90.00. At 1 min, 1.20 times the demand must be ready, at "
        "$24.00.",
    ),
    "services": (
        lambda title: figures.services(["orders", "stock"], title=title, events=[("orders", "stock")]),
        "Events lead from service to service",
        "Clients at the top: mobile, web and IoT. Below them the services orders and stock. Each has a box API above "
        "it and its own store below it. From orders a dashed arrow, marked event, leads to stock.",
    ),
    "a service that is down": (
        lambda title: figures.services(
            ["orders", "stock"], title=title, called=["orders"], calls=[("orders", "stock")], down=["stock"]
        ),
        "Orders waits for stock, which is down",
        "Clients at the top: mobile, web and IoT. Below them the services orders and stock. Each has a box API above "
        "it and its own store below it. Lines from the clients lead only to orders. From orders an arrow, marked calls "
        "and waits, leads to the API of stock. Stock is crossed out and marked down.",
    ),
    "a request on its way": (
        lambda title: figures.request_on_its_way(SPANS, title=title),
        "Each caller waits",
        "4 bars over time, in milliseconds. “the client waits” takes 30.0 ms. “orders, its function” takes 24.0 ms, "
        "inside the bar of “the client waits”. “orders asks stock” takes 15.0 ms, inside the bar of “orders, its "
        "function”. “orders writes” takes 6.0 ms, inside the bar of “orders, its function”.",
    ),
    "a chain": (
        lambda title: figures.chain_availability(0.999, 5, by_event=4, title=title),
        "Five services of 99.9% in a chain: 219 silent minutes a month, not 44",
        "Minutes a month without an answer against the number of services in a chain, on a logarithmic axis. The line "
        "of each availability rises with the number. A cross marks 5 services of 99.9% at 219 minutes. A dot marks 1 "
        "service at 44 minutes, if events tell the others.",
    ),
    "a throttle": (
        lambda title: figures.throttled([0.1 * n for n in range(40)], BUCKET.passed.tolist(), BUCKET, title=title),
        "17 of 40 requests pass: the bucket's 10, then 2 a second",
        "Tokens in a bucket over 3.9 s. The bucket holds 10 tokens, and 2 come back each second. A row of dots shows "
        "the 17 of 40 requests that passed, and a row of crosses the 23 that got 429. The first 12 pass without a "
        "break.",
    ),
    "an outage": (
        lambda title: figures.orders_through_an_outage([BY_CALLS, BY_EVENTS], title=title),
        "By calls 1 order is refused. By events all 3 are accepted",
        "Orders added up over time, with a gray band while stock is down. by calls: 2 orders accepted, 0 of them "
        "during the outage, and 1 refused. At the end 2 are reserved in stock. by events: 3 orders accepted, 1 of them "
        "during the outage, and none refused. At the end 3 are reserved in stock.",
    ),
    "history": (
        lambda title: figures.history(RELEASES, title=title),
        "1 of 2 releases came later, so half of them",
        "A timeline from 2018 to 2021 with a lane for each theme: limits and billing. 1 of 2 releases are on slide 10 "
        "of the deck, as filled circles. The others are open diamonds. A line marks the date of the deck, 31 January "
        "2020. 1 release came later.",
    ),
}


@pytest.mark.parametrize("name", WORDS)
def test_a_figure_says_what_it_shows(name: str) -> None:
    draw, title, words = WORDS[name]
    assert alt_text(draw(title)) == f"{title}. {words}"


@pytest.mark.parametrize("name", WORDS)
def test_a_title_with_another_number_is_refused(name: str) -> None:
    with pytest.raises(WrongTitle, match=r"The title says '777', but the data don't"):
        WORDS[name][0]("777 of them are lost")


@pytest.mark.parametrize(
    ("draw", "says"),
    [
        (lambda: figures.connections_over_time(BURST[:2], title="They stay idle", max_connections=20), "idle"),
        (lambda: figures.hour_bills(dict(list(HOURS.items())[:2]), title="They cost more idle"), "more idle"),
        (lambda: figures.responsibilities([2020], title="Nine of twelve are yours on EC2"), "nine"),
        (lambda: figures.timeline([*LIFE[:2], LIFE[3]], title="Between them it was frozen"), "frozen"),
        (lambda: figures.proxy_over_time([*IN_TURN, *log((0.6, 2, None, "disconnect"))], title="They stay"), "stay"),
        (lambda: figures.two_poolers([RDS_PROXY], title="One pins, one leaks"), "leaks"),
        (
            lambda: figures.instance_limits(
                1000, instance_classes=["db.t4g.large", "db.r6g.large"], title="A db.t4g.large is enough"
            ),
            "db.t4g.large",
        ),
        (
            lambda: figures.two_vpcs(title="All share one interface", model="hyperplane", environments=4, interfaces=2),
            "one interface",
        ),
        (
            lambda: figures.two_vpcs(title="11 are all there are", model="2019", environments=4, interfaces=4),
            "all there are",
        ),
        (lambda: figures.interfaces_then_and_now((16,), title="Now two serve everybody"), "two"),
        (lambda: figures.pieces(LIFE, limit_s=0.2, title="Each call is below the limit"), "below the limit"),
        (
            lambda: figures.pieces(LIFE, limit_s=0.5, title="Together they are at least twice as long"),
            "at least twice as long",
        ),
        (
            lambda: figures.criteria({"a GPU": {"Lambda": "no"}}, title="One of the reasons has fallen"),
            "one of",
        ),
        (
            lambda: figures.decision_path([Step("Lambda"), Step("EC2")], title="Leave each step for a reason"),
            "for a reason",
        ),
        (lambda: figures.translations(network.translate(SAME_PORT[:2]), title="It is used three times"), "three times"),
        (lambda: figures.abstraction_steps(["capacity"] * 4, title="Yours on three steps"), "three steps"),
        (lambda: figures.abstraction_steps(["capacity"] * 4, title="On the fourth, a limit is left"), "a limit"),
        (
            lambda: figures.waiting_times({}, {"a server": (60.0, 60.0)}, title="A server takes weeks"),
            "a server takes weeks",
        ),
        (lambda: figures.capacity_runs([ELASTIC, FIXED], title="This policy loses the most"), "loses the most"),
        (
            lambda: figures.cost_against_loss(
                {"a guess": [FIXED]}, title="Servers cost the least if nothing may be lost"
            ),
            "servers cost the least if nothing may be lost",
        ),
        (lambda: figures.headroom([0, 60], [2, 1], [20, 24], title="The longer the wait, the more"), "the longer"),
        (lambda: figures.services(["orders"], title="An outage is down the line"), "down"),
        (lambda: figures.request_on_its_way({"a": (0, 1), "b": (0, 2)}, title="Each waits for the next"), "waits"),
        (lambda: figures.orders_through_an_outage([BY_EVENTS], title="Some are refused"), "refused"),
        (lambda: figures.message_life(MESSAGE[:2], title="Ben got the same message"), "got the same message"),
        (lambda: figures.message_life([*MESSAGE[:2], MESSAGE[5]], title="Ann's time was over"), "was over"),
        (lambda: figures.burst_levelling([0.0, 10.0], 1.0, 2, title="One is refused"), "refused"),
        (lambda: figures.burst_levelling([0.0, 0, 0], 1.0, 2, title="Most are refused"), "most"),
        (lambda: figures.execution_histories({"A": POLLED}, title="It asks again and again"), "again and again"),
        (lambda: figures.execution_histories({"A": POLLED}, title="It waits in one state"), "waits in one state"),
        (lambda: figures.state_machine(definitions.BATCH, title="It has a loop"), "a loop"),
        (lambda: figures.state_machine(definitions.POLLER, title="It took two steps", history=POLLED), "two steps"),
        (lambda: figures.history(RELEASES[:1], title="Half of these releases came after the deck"), "half"),
        (lambda: figures.history(RELEASES, title="Most changes to limits came later"), "most changes to limits"),
    ],
)
def test_a_claim_that_the_data_do_not_show_is_refused(draw: Callable[[], Figure], says: str) -> None:
    with pytest.raises(WrongTitle, match=f"The title says '{says}', but the data don't show it"):
        draw()


def test_the_curves_of_cold_starts_are_told_by_their_shares() -> None:
    words = alt_text(cold_share(title="Rare calls often start cold, frequent calls hardly ever"))
    shares = re.findall(r"kept for (\d+) min, the share is (\d+)% at 0\.01 a minute, .+? at 1 and .+? at 100\.", words)
    assert [minutes for minutes, _ in shares] == ["1", "10", "60"]
    assert [int(percent) for _, percent in shares] == [99, 90, 55]  # nobody calls for t with the chance exp(-rate t)


@pytest.mark.parametrize(
    "title",
    [
        "17 of 60", "1,200 calls", "8% of 60", "8.3 percent", "0.1 s", "2 million calls", "a db.t4g.small",
        "PostgreSQL-18", "$5 a month", "no number",
    ],
)  # fmt: skip
def test_titles_may_round_and_name_things(title: str) -> None:
    check_title(title, [17, 60, 1200, 0.12, 2_100_000], [0.083])


@pytest.mark.parametrize("title", ["18 of 60", "9%", "8.4 percent", "0.2 s", "3 million calls"])
def test_titles_may_not_state_another_number(title: str) -> None:
    with pytest.raises(WrongTitle):
        check_title(title, [17, 60, 1200, 0.12, 2_100_000], [0.083])


def test_a_figure_whose_title_is_the_slides_heading_has_words_without_a_title() -> None:
    assert alt_text(add_alt_text(Figure(), "", "Two bars.", "Now it takes 0.5 s.")) == "Two bars. Now it takes 0.5 s."


def test_a_shown_figure_carries_its_own_words_and_a_span_around_what_was_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown: list[Any] = []
    monkeypatch.setattr(style, "display", lambda data, **options: shown.append((data, options)))
    figures.show(add_alt_text(Figure(), "3% & more", f"It took {measured('5.4 ms')}.", shares=[0.03], varies=True))
    (_, options), (words, _) = shown
    assert options["metadata"]["image/png"]["alt"] == "3% & more. It took 5.4 ms."
    html = '<span class="measured">3%</span> &amp; more. It took <span class="measured">5.4 ms</span>.'
    assert html in words["text/html"]
    assert words["text/plain"] == "… & more. It took …."


def test_a_figure_without_words_needs_an_alt_text() -> None:
    with pytest.raises(ValueError, match="function writes no alt text"):
        figures.show(Figure())
