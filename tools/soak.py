"""Runs the capstone under load for half an hour, and checks that memory, file descriptors and processes don't grow.

    python -m tools.soak                 (30 minutes; writes docs/images/soak.png and prints a table)
    python -m tools.soak --minutes 3     (a short run, without a figure)

It deploys the shop of the capstone's solution and drills it repeatedly with all faults: killed environments, a database
restart, and a payment provider that is down. When a drill is over and the shop is quiet, it measures. A shop keeps its
rows, items, executions and log lines, so the server's memory may grow by some KB per order. File descriptors, threads
and processes must not grow at all.
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
#: Allowed ratios of the last rounds at rest to the first rounds, because some environments are still idle.
ALLOWED = {"descriptors": 1.10, "threads": 1.10, "processes": 1.10}
#: How much the server's memory may grow with 1,000 orders, in MB, because a shop keeps data about its orders.
KEPT_MB = 60.0
WARM_ROUNDS = 2  # caches fill and pools grow in the first rounds


@dataclass(frozen=True)
class Sample:
    """The resources of the course's processes at one time.

    Args:
        time_s: seconds since the start.
        kernel_mb: memory of the kernel's process (unique set size), in MB.
        server_mb: memory of the local cloud's server, in MB.
        others_mb: memory of all other processes (environments, database, proxy), in MB.
        processes: number of processes, including the kernel's.
        threads: number of threads of the kernel and the server.
        descriptors: open file descriptors (handles on Windows) of all processes.
        orders: orders placed so far, in all rounds.
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
    """Measures this process and all processes below it, without processes that end meanwhile."""
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
    """How much a value of `Sample` grows with 1,000 orders, by least squares over the rounds at rest.

    Raises:
        ValueError: there are fewer than two rounds, or all have the same number of orders.
    """
    if len({rest.orders for rest in rests}) < 2:
        raise ValueError("A growth needs two rounds with different numbers of orders.")
    line = statistics.linear_regression([rest.orders / 1000 for rest in rests], [getattr(rest, name) for rest in rests])
    return line.slope


def leaks(rests: Sequence[Sample]) -> list[str]:
    """A line for each resource that grows from the first rounds after the warm-up to the last; empty if none does.

    Raises:
        ValueError: there are fewer than two rounds after the warm-up.
    """
    steady = list(rests[WARM_ROUNDS:])
    if len(steady) < 2:
        raise ValueError(f"{len(rests)} rounds tell nothing: the first {WARM_ROUNDS} are the warm-up, then two more.")
    half = len(steady) // 2
    lines = []
    for name, allowed in ALLOWED.items():
        early = statistics.median(getattr(rest, name) for rest in steady[:half])
        late = statistics.median(getattr(rest, name) for rest in steady[half:])
        if late > early * allowed + 1:
            lines.append(f"{name}: {early:g} in the first rounds, {late:g} in the last")
    if (grown := growth_per_1000_orders(steady, "server_mb")) > KEPT_MB:
        lines.append(f"server_mb: {grown:.0f} MB more with 1,000 orders, {KEPT_MB:.0f} are what a shop keeps")
    return lines


def soak(minutes: float, orders: int) -> tuple[list[Sample], list[Sample], list[str]]:
    """Drills the shop for this many minutes. Returns all samples, the samples at rest, and the drills' failures."""
    begun_s, placed = time.monotonic(), 0
    samples: list[Sample] = []
    rests: list[Sample] = []
    failed: list[str] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(EVERY_S):
            samples.append(look(begun_s, placed))

    with tempfile.TemporaryDirectory() as folder, chdir(folder):
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
    """Writes the figure of memory, descriptors and processes over time, with dots for the samples at rest."""
    from matplotlib.figure import Figure
    from PIL import Image

    from serverless_first.figures.style import BLUE, GREEN, GREY, VERMILION, style

    rows = {
        "memory in MB": {"server_mb": (BLUE, "the server"), "others_mb": (VERMILION, "environments, database, proxy"),
                         "kernel_mb": (GREEN, "the kernel")},
        "open files": {"descriptors": (BLUE, "all processes")},
        "processes": {"processes": (BLUE, "all"), "threads": (GREY, "threads of kernel and server")},
    }  # fmt: skip
    minutes = [sample.time_s / 60 for sample in samples]
    with style():
        figure = Figure(figsize=(8.0, 7.0))
        for axes, (label, lines) in zip(figure.subplots(len(rows), sharex=True), rows.items(), strict=True):
            for (name, (colour, what)), dash in zip(lines.items(), ("-", "--", ":"), strict=False):
                axes.plot(
                    minutes, [getattr(sample, name) for sample in samples], dash, color=colour, lw=1.0, label=what
                )
                axes.plot(
                    [rest.time_s / 60 for rest in rests], [getattr(rest, name) for rest in rests], "o", color=colour
                )
            axes.set_ylabel(label)
            axes.set_ylim(0, 1.35 * axes.get_ylim()[1])  # room for the legend
            axes.legend(loc="upper left", ncols=3, fontsize=9, frameon=False)
        axes.set_xlabel("minutes; dots: a drill is over and the shop is quiet")
        orders = f"{rests[-1].orders:,} orders in {minutes[-1]:.0f} minutes"
        kept_kb = growth_per_1000_orders(rests[WARM_ROUNDS:], "server_mb")  # MB per 1,000 orders is KB per order
        verdict = f"files and processes stay, the server keeps {kept_kb:.0f} KB an order"
        figure.suptitle(
            f"{orders}:\n{'something is left behind' if leaks(rests) else verdict}", fontsize=12, fontweight="bold"
        )
        figure.savefig(target, dpi=110)
    Image.open(target).convert("RGB").quantize(256).save(target, optimize=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 1 if a resource grew or a drill failed, and 2 if there were too few drills."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--orders", type=int, default=300, help="orders per drill, 80 to 5,000 (default: 300)")
    options = parser.parse_args(arguments)
    if not psutil.LINUX:  # macOS doesn't show the memory of other processes, so the check would always pass
        parser.error("this runs only on Linux, because other systems don't show the memory of other processes")
    samples, rests, failed = soak(options.minutes, options.orders)
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
    if options.minutes >= 30:
        draw(samples, rests, course_root() / PICTURE)
    print("\n".join(failed) or "Nothing is left behind.")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
