"""Many jobs of Batch at random: none is lost, no compute environment holds more than it has room for."""

from __future__ import annotations

import random
from typing import Any

from kits import batch_kit as batch

ROOM = 2
JOBS = 40
PROGRAM = "import os, sys, time; time.sleep(float(sys.argv[1]))\n"
PROGRAM += "sys.exit(int(os.environ['AWS_BATCH_JOB_ATTEMPT']) < int(sys.argv[2]))"


def test_a_crowd_of_jobs(kit: Any) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    chance = random.Random(seed)
    environment = batch.make_environment(max_vcpus=ROOM)
    queues = [batch.make_queue(f"queue{number}", [environment], priority=number) for number in range(3)]
    batch.register(["python", "-c", PROGRAM, "Ref::seconds", "Ref::good"], retryStrategy={"attempts": 3},
                   parameters={"good": "1"})  # fmt: skip
    client = kit.client("batch")
    ids: list[str] = []
    ended_by_hand: set[str] = set()
    vcpus: dict[str, float] = {}
    for _ in range(JOBS):
        size, memory_mb = chance.choice([(0.25, 512), (0.5, 1024), (1, 2048), (2, 4096)])
        parameters = {"seconds": str(chance.choice([0, 0.01, 0.1])), "good": str(chance.choice([1, 1, 1, 2, 4]))}
        job = batch.submit(
            queue=chance.choice(queues),
            parameters=parameters,
            containerOverrides={"resourceRequirements": batch.resources(size, memory_mb)},
        )
        vcpus[job] = size
        ids.append(job)
        if chance.random() < 0.2:
            victim = chance.choice(ids)
            end = chance.choice([client.terminate_job, client.cancel_job])
            end(jobId=victim, reason="by hand")
            ended_by_hand.add(victim)
    found = {job: batch.wait(job) for job in ids}

    for ended in found.values():
        tries = int(ended["parameters"]["good"])
        if ended["jobId"] not in ended_by_hand:
            assert ended["status"] == ("SUCCEEDED" if tries <= 3 else "FAILED")
            assert len(ended["attempts"]) == min(tries, 3)
    spans = [(attempt["startedAt"], attempt["stoppedAt"], vcpus[job["jobId"]])
             for job in found.values() for attempt in job["attempts"] if "startedAt" in attempt]  # fmt: skip
    for moment, _, _ in spans:
        assert sum(size for begun, ended, size in spans if begun <= moment < ended) <= ROOM
    last = batch.submit(queue=queues[0], parameters={"seconds": "0"},
                        containerOverrides={"resourceRequirements": batch.resources(ROOM, 4096)})  # fmt: skip
    assert batch.wait(last)["status"] == "SUCCEEDED"  # all room is free again
