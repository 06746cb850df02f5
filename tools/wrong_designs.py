"""Drills the capstone's solution and its five wrong designs, and rewrites modules/12-capstone/records.

    python tools/wrong_designs.py [DESIGN ...]

DESIGN is a name from the lab, such as "no idempotency", or "sound" for the solution. Without names, it drills all six,
which takes about a minute each. The mistakes of task 12.5 with the same names have the wrong designs.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from serverless_first import cloud, drill
from serverless_first.course.places import module_dir
from serverless_first.drill.capstone import Shop

ROOM = module_dir("12-capstone")
SOUND, SOUND_ORDERS, ORDERS, SEED = "sound", 150, 100, 7
WRITTEN = re.compile(r"%%writefile (hikari-shop/\S+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
MARKER = re.compile(r"^.*### (?:BEGIN|END) SOLUTION\n", re.MULTILINE)


def solved() -> Shop:
    """Writes the solution's files to the current folder."""
    shop = Shop()
    shop.begin(lambda _: None)
    for name, text in WRITTEN.findall((ROOM / "lab.md").read_text(encoding="utf-8")):
        Path(name).write_text(MARKER.sub("", text), encoding="utf-8")
    return shop


def drilled(aws: cloud.Cloud, shop: Shop, design: str, orders: int) -> drill.Record:
    """Drills a wrong design of a shop from `solved`, and returns the record.

    Args:
        aws: the local cloud.
        shop: the shop from `solved`.
        design: one of `drill.DESIGNS`.
        orders: the number of orders.
    """
    mistake = ROOM / "mistakes" / f"12.5-{design.replace(' ', '-')}.py"
    text = "".join(line for line in mistake.read_text(encoding="utf-8").splitlines(True) if not line.startswith("#:"))
    changed, times = re.subn(r"orders=\d+", f"orders={orders}", text)
    if times != 1:
        raise ValueError(f"{mistake} has {times} drills instead of one.")
    names: dict[str, Any] = {"aws": aws, "shop": shop, "drill": drill, "Path": Path}
    exec(changed, names)
    record: drill.Record = names["record"]
    return record


def main(arguments: list[str]) -> int:
    """Writes the records. Returns how many designs had an unexpected result, or 2 for an unknown name."""
    wrong = 0
    for design in arguments or [SOUND, *drill.DESIGNS]:
        if design not in (SOUND, *drill.DESIGNS):
            print(f"There is no design {design!r}. Choose from {', '.join((SOUND, *drill.DESIGNS))}.", file=sys.stderr)
            return 2
        with tempfile.TemporaryDirectory() as folder, cloud.start() as aws:
            os.chdir(folder)
            shop = solved()
            if design == SOUND:
                shop.deploy(aws, quiet=True)
                record = drill.run(orders=SOUND_ORDERS, seed=SEED)
            else:
                record = drilled(aws, shop, design, ORDERS)
            os.chdir(ROOM)
        score = drill.score(record)
        failed = ", ".join(finding.name for finding in score.failed) or "nothing"
        is_right = score.passed if design == SOUND else design in score.designs
        print(f"{design}: failed {failed}" if is_right else f"{design}: failed {failed}: NOT WRITTEN")
        if is_right:
            record.save(ROOM / "records" / f"{design.replace(' ', '-')}.json")
        wrong += not is_right
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
