"""The capstone under load for half an hour: do memory, file descriptors and processes stay what they were?

    python -m tools.soak                 (30 minutes; writes docs/images/soak.png and prints a table)
    python -m tools.soak --minutes 3     (a short one; draws nothing)

It deploys the shop of the capstone's solution and drills it, again and again, with all faults: environments are
killed, the database restarts, the payment provider is down. When a drill is over and the shop is quiet, it measures.
A shop keeps what it was told (rows, items, executions, log lines), so the server's memory may grow by some KB for each
order; descriptors, threads and processes may not grow at all.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

import psutil
from tools.wrong_designs import solved

from serverless_first import cloud, drill
from serverless_first.course.places import course_root

PICTURE = Path("docs/images/soak.png")
EVERY_S = 5.0
#: What a round at rest may hold more than the first rounds did: environments that have not been idle for long.
ALLOWED = {"descriptors": 1.10, "threads": 1.10, "processes": 1.10}
#: By how much the server's memory may grow with 1,000 orders, in MB: what a shop keeps of them.
KEPT_MB = 60.0
WARM_ROUNDS = 2  # caches fill and pools grow in the first rounds


@dataclass(frozen=True)
class Sample:
    """What the course's processes held at one moment.

    Args:
        time_s: since the start.
        kernel_mb: memory that the kernel's process alone holds (unique set size), in MB.
        server_mb: the same for the local cloud's server.
        others_mb: the same for all processes below: environments, database, proxy.
        processes: how many there were, the kernel's among them.
        threads: of the kernel's process and the server's.
        descriptors: open file descriptors (handles on Windows) of all.
        orders: that had been placed by then, all rounds together.
    """

    time_s: float
    kernel_mb: float
    server_mb: float
    others_mb: float
    processes: int
    threads: int
    descriptors: int
    orders: int


def look(begun_s: float, orders: int) -> Sample:
    """Measures this process and everything below it; a process that ends meanwhile counts as gone."""
    kernel = psutil.Process()
    memory_mb, threads, descriptors = {}, {}, 0
    for process in [kernel, *kernel.children(recursive=True)]:
        try:
            if sys.platform == "win32":
                descriptors += process.num_handles()
            else:
                descriptors += process.num_fds()
            threads[process.pid] = process.num_threads()
            memory_mb[process.pid] = process.memory_full_info().uss / 1e6
        except psutil.Error:
            memory_mb.pop(process.pid, None)
    servers = {child.pid for child in kernel.children()} & set(memory_mb)
    server = max(servers, key=lambda pid: threads[pid], default=-1)
    return Sample(
        time_s=round(time.monotonic() - begun_s, 1),
        kernel_mb=round(memory_mb[kernel.pid], 1),
        server_mb=round(memory_mb.get(server, 0.0), 1),
        others_mb=round(sum(mb for pid, mb in memory_mb.items() if pid not in (kernel.pid, server)), 1),
        processes=len(memory_mb),
        threads=threads[kernel.pid] + threads.get(server, 0),
        descriptors=descriptors,
        orders=orders,
    )


def growth_per_1000_orders(rests: Sequence[Sample], name: str) -> float:
    """By how much a value of `Sample` grows with 1,000 orders, by least squares over the rounds at rest.

    Raises:
        ValueError: there are fewer than two rounds, or all have the same number of orders.
    """
    if len({each.orders for each in rests}) < 2:
        raise ValueError("A growth needs two rounds with different numbers of orders.")
    line = statistics.linear_regression([each.orders / 1000 for each in rests], [getattr(each, name) for each in rests])
    return line.slope


def leaks(rests: Sequence[Sample]) -> list[str]:
    """What the last rounds at rest hold more of than the first ones after the warm-up, in words; none is well.

    Raises:
        ValueError: there are fewer than two rounds after the warm-up.
    """
    steady = list(rests[WARM_ROUNDS:])
    if len(steady) < 2:
        raise ValueError(f"{len(rests)} rounds tell nothing: the first {WARM_ROUNDS} are the warm-up, then two more.")
    half = len(steady) // 2
    found = []
    for name, allowed in ALLOWED.items():
        early = statistics.median(getattr(each, name) for each in steady[:half])
        late = statistics.median(getattr(each, name) for each in steady[half:])
        if late > early * allowed + 1:
            found.append(f"{name}: {early:g} in the first rounds, {late:g} in the last")
    if (grown := growth_per_1000_orders(steady, "server_mb")) > KEPT_MB:
        found.append(f"server_mb: {grown:.0f} MB more with 1,000 orders, {KEPT_MB:.0f} are what a shop keeps")
    return found


def soak(minutes: float, orders: int) -> tuple[list[Sample], list[Sample], list[str]]:
    """Drills the shop for so many minutes; every sample, those at rest, and what the drills found wrong."""
    begun_s, placed = time.monotonic(), 0
    samples: list[Sample] = []
    rests: list[Sample] = []
    failed: list[str] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(EVERY_S):
            samples.append(look(begun_s, placed))

    with tempfile.TemporaryDirectory() as made, chdir(made):
        aws = cloud.start()
        shop = solved()
        shop.deploy(aws, quiet=True)
        threading.Thread(target=watch, daemon=True).start()
        seed = 0
        while time.monotonic() - begun_s < minutes * 60:
            seed += 1
            score = drill.score(drill.run(orders=orders, seed=seed))
            failed += [f"seed {seed}: {finding.message}" for finding in score.failed]
            placed += orders
            drill.clear()
            rests.append(look(begun_s, placed))
            print(f"seed {seed}: {rests[-1]}", flush=True)
        over.set()
        aws.stop()
    return samples, rests, failed


def draw(samples: Sequence[Sample], rests: Sequence[Sample], target: Path) -> None:
    """Writes the figure: memory, descriptors and processes over time, the moments at rest as dots."""
    from matplotlib.figure import Figure
    from PIL import Image

    from serverless_first.figures.style import BLUE, GREEN, GREY, VERMILION, style

    rows = {
        "memory in MB": {"server_mb": (BLUE, "the server"), "others_mb": (VERMILION, "environments, database, proxy"),
                         "kernel_mb": (GREEN, "the kernel")},
        "open files": {"descriptors": (BLUE, "all processes")},
        "processes": {"processes": (BLUE, "all"), "threads": (GREY, "threads of kernel and server")},
    }  # fmt: skip
    minutes = [each.time_s / 60 for each in samples]
    with style():
        figure = Figure(figsize=(8.0, 7.0))
        for axes, (label, lines) in zip(figure.subplots(len(rows), sharex=True), rows.items(), strict=True):
            for (name, (colour, what)), dash in zip(lines.items(), ("-", "--", ":"), strict=False):
                axes.plot(minutes, [getattr(each, name) for each in samples], dash, color=colour, lw=1.0, label=what)
                axes.plot(
                    [each.time_s / 60 for each in rests], [getattr(each, name) for each in rests], "o", color=colour
                )
            axes.set_ylabel(label)
            axes.set_ylim(0, 1.35 * axes.get_ylim()[1])  # room for the legend
            axes.legend(loc="upper left", ncols=3, fontsize=9, frameon=False)
        axes.set_xlabel("minutes; dots: a drill is over and the shop is quiet")
        orders = f"{rests[-1].orders:,} orders in {minutes[-1]:.0f} minutes"
        kept_kb = growth_per_1000_orders(rests[WARM_ROUNDS:], "server_mb")  # MB for 1,000 are KB for one
        held = f"files and processes stay, the server keeps {kept_kb:.0f} KB an order"
        figure.suptitle(
            f"{orders}:\n{'something is left behind' if leaks(rests) else held}", fontsize=12, fontweight="bold"
        )
        figure.savefig(target, dpi=110)
    Image.open(target).convert("RGB").quantize(256).save(target, optimize=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 1 when something grew that may not or a drill found something wrong, 2 when there were too few drills."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--orders", type=int, default=300, help="of each drill, 80 to 5,000 (300)")
    chosen = parser.parse_args(arguments)
    if not psutil.LINUX:  # macOS tells no memory of another process, and who holds nothing leaves nothing behind
        parser.error("this runs on Linux alone: elsewhere the memory of the processes below is not told")
    samples, rests, failed = soak(chosen.minutes, chosen.orders)
    if len(rests) < WARM_ROUNDS + 2:
        print("\n".join(failed))
        print(f"Too short to tell: {len(rests)} drills, at least {WARM_ROUNDS + 2} are needed. Give more --minutes.")
        return 1 if failed else 2
    print(f"{len(rests)} drills, {rests[-1].orders:,} orders, {rests[-1].time_s / 60:.1f} minutes")
    steady = rests[WARM_ROUNDS:]
    for name in ("kernel_mb", "server_mb", "others_mb", "descriptors", "threads", "processes"):
        first, last = getattr(steady[0], name), getattr(steady[-1], name)
        grown = growth_per_1000_orders(steady, name)
        print(f"{name:12} {first:8g} -> {last:8g}   {grown:+.2f} for 1,000 orders")
    failed += leaks(rests)
    if chosen.minutes >= 30:
        draw(samples, rests, course_root() / PICTURE)
    print("\n".join(failed) or "Nothing is left behind.")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
