"""Benchmarks of the local cloud: its startup, and calls of a function."""

from __future__ import annotations

import contextlib
import io
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import nbformat
import psutil
from jupyter_client.manager import start_new_kernel

from serverless_first import cloud
from serverless_first.bench.function import NAME, client, deployed
from serverless_first.bench.measure import Measurement, benchmark, median_s
from serverless_first.course.places import module_dir

HANDLER = """
import os
import time


def handler(event, context):
    time.sleep(event.get("sleep_s", 0))
    return os.getpid()
"""


@benchmark("cloud_start_s")
def cloud_start() -> Measurement:
    """Measures the time from `cloud.start()` until the local cloud responds."""

    def start() -> None:
        cloud.start()

    times = []
    for _ in range(5):
        with contextlib.redirect_stdout(io.StringIO()):
            times.append(median_s(start, 1))
            cloud.start().stop()
    return Measurement("cloud_start_s", statistics.median(times), "s", "wall time of cloud.start()", 5)


def _ignore(_message: object) -> None:
    """Drops the cell's output."""


@benchmark("first_cell_s")
def first_cell() -> Measurement:
    """Measures the time from starting a kernel until the first code cell of lesson 00 is done."""
    notebook = module_dir("00-start-here").parents[1] / "notebooks" / "00-start-here.ipynb"
    read: Any = nbformat.read
    cells = read(notebook, as_version=4).cells
    source = next(cell.source for cell in cells if cell.cell_type == "code")
    times = []
    for _ in range(3):
        begun = time.perf_counter()
        manager, client = start_new_kernel(kernel_name="python3")
        reply = client.execute_interactive(source, timeout=60, output_hook=_ignore)
        times.append(time.perf_counter() - begun)
        client.stop_channels()
        manager.shutdown_kernel()
        if reply["content"]["status"] != "ok":
            raise RuntimeError(f"The first cell failed: {reply['content']}")
    return Measurement("first_cell_s", statistics.median(times), "s", "kernel start and first cell of lesson 00", 3)


@benchmark("lambda_warm_ratio")
def lambda_warm() -> Measurement:
    """Compares a warm call with the cheapest AWS call that moto handles on its own."""
    with deployed(HANDLER):
        functions = client("lambda", at_once=1)
        functions.invoke(FunctionName=NAME)
        sts = boto3.client("sts")
        sts.get_caller_identity()
        warm_s = median_s(lambda: functions.invoke(FunctionName=NAME)["Payload"].read(), 300)
        plain_s = median_s(sts.get_caller_identity, 300)
    against = f"sts.get_caller_identity on the same server, {plain_s * 1000:.2f} ms; warm {warm_s * 1000:.2f} ms"
    return Measurement("lambda_warm_ratio", warm_s / plain_s, "ratio", against, 300)


@benchmark("lambda_cold_ratio")
def lambda_cold() -> Measurement:
    """Compares a cold call with the startup of a bare Python process."""
    with deployed(HANDLER):
        functions = client("lambda", at_once=1)
        functions.invoke(FunctionName=NAME)
        sizes = iter(range(129, 300))

        def cold() -> None:
            functions.invoke(FunctionName=NAME)["Payload"].read()

        times = []
        for _ in range(15):
            functions.update_function_configuration(FunctionName=NAME, MemorySize=next(sizes))  # ends the old one
            times.append(median_s(cold, 1))
        cold_s = statistics.median(times)
        bare_s = median_s(lambda: subprocess.run([sys.executable, "-I", "-c", "pass"], check=True), 15)
    against = f"start of a bare Python process (-I -c pass), {bare_s * 1000:.0f} ms; cold {cold_s * 1000:.0f} ms"
    return Measurement("lambda_cold_ratio", cold_s / bare_s, "ratio", against, 15)


@benchmark("lambda_burst50_s")
def lambda_burst() -> Measurement:
    """Measures fifty simultaneous cold calls until the last response, and the memory of fifty environments."""
    times, sizes_mb = [], []
    for _ in range(3):
        with deployed(HANDLER), ThreadPoolExecutor(50) as pool:
            functions = client("lambda", at_once=64)
            begun = time.perf_counter()
            calls = [pool.submit(functions.invoke, FunctionName=NAME, Payload=b'{"sleep_s": 1}') for _ in range(50)]
            for call in calls:
                call.result()["Payload"].read()
            times.append(time.perf_counter() - begun - 1)
            environments = cloud.start().environments(NAME)
            sizes_mb.append(sum(map(_memory_mb, _with_template([e.pid for e in environments]))))
    against = (
        f"50 calls of one second at once, none warm before, less that second; {len(environments)} environments "
        f"hold {statistics.median(sizes_mb):.0f} MB ({'PSS' if sys.platform == 'linux' else 'USS'})"
    )
    return Measurement("lambda_burst50_s", statistics.median(times), "s", against, 3)


def _with_template(pids: list[int]) -> set[int]:
    """The environments' processes, and the template process if they were forked from one."""
    parents = [parent for pid in pids if (parent := psutil.Process(pid).parent())]
    return {*pids, *(parent.pid for parent in parents if "--template" in parent.cmdline())}


def _memory_mb(pid: int) -> float:
    """The memory of one process in MB. On Linux, each process counts its share of the shared pages."""
    info = psutil.Process(pid).memory_full_info()
    return float(getattr(info, "pss", info.uss)) / 2**20
