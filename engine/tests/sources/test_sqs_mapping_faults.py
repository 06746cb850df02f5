"""A queue under faults: calls that fail at random, and environments that are killed while 2,000 messages flow."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import serverless_cloud as cloud
from kits import mapping_kit

MESSAGES = 2000
LIMIT_S = 120.0

HANDLER = (
    mapping_kit.NOTE
    + """
import random
def handler(event, context):
    first = event["Records"][0]
    chance = random.Random(os.environ["SEED"] + first["body"] + first["attributes"]["ApproximateReceiveCount"])
    time.sleep(0.01)
    if chance.random() < 0.3:
        raise RuntimeError("The lamp flickers.")
    note([record["body"] for record in event["Records"]])
"""
)


def _drain(kit: Any, queue: Any) -> set[str]:
    """The bodies of all messages of a queue."""
    sqs, found = kit.client("sqs"), set()
    while messages := sqs.receive_message(QueueUrl=queue.url, MaxNumberOfMessages=10).get("Messages"):
        found |= {message["Body"] for message in messages}
    return found


def test_every_message_is_processed_or_in_the_dead_letter_queue(aws: cloud.Cloud, kit: Any, tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed: {seed}")
    chance = random.Random(seed)
    worker = mapping_kit.deploy(tmp_path, HANDLER, Timeout=1, Variables={"SEED": str(seed)})
    queue, dead = mapping_kit.with_dead_letters("orders", most_receives=3)
    mapping_kit.connect(queue)
    done, killed = threading.Event(), []

    def kill() -> None:
        while not done.wait(0.05):
            alive = [e.pid for e in aws.environments("orders") if e.state in ("busy", "frozen") and e.pid]
            if alive:
                pid = chance.choice(alive)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)
                    killed.append(pid)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        sent = [f"order {number}" for number in range(MESSAGES)]
        mapping_kit.send(queue, sent)
        kit.eventually(lambda: mapping_kit.count(queue) == 0, f"the queue is empty (seed {seed})", LIMIT_S)
    finally:
        done.set()
        killer.join()
    processed = {body for note in worker.notes() for body in note}
    given_up = _drain(kit, dead)
    print(f"processed: {len(processed)}, given up: {len(given_up)}, environments killed: {len(killed)}")
    assert processed | given_up == set(sent), f"lost: {set(sent) - processed - given_up} (seed {seed})"
    assert killed
    assert len(processed) > MESSAGES / 2
