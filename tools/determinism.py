"""Builds the whole course several times, on one worker and on two, and compares what the cells say.

    python tools/determinism.py              (three builds: one worker, two, two; about half an hour on two cores)
    python tools/determinism.py --modules 05 (some modules)

Each build runs in a copy of the committed tree, in a folder with another name, and executes everything. Texts are
compared letter by letter: streams, results, HTML, errors. The number of a process is left out, as in `make test`
(tests/notebooks/sanitize.cfg). Pictures are not compared: some draw what was measured.
"""

from __future__ import annotations

import argparse
import configparser
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
WORKERS = (1, 2, 2)
BUILT = ("notebooks", "solutions", "slides")
SANITIZED = ROOT / "tests" / "notebooks" / "sanitize.cfg"


def texts(notebook: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    """The texts of a notebook's outputs, each with the number of its cell, counted from 1."""
    for number, cell in enumerate(notebook["cells"], 1):
        for output in cell.get("outputs", []):
            if output["output_type"] == "stream":
                yield number, f"{output['name']}: {''.join(output['text'])}"
            elif output["output_type"] == "error":
                yield number, f"{output['ename']}: {output['evalue']}"
            else:
                for kind, data in sorted(output["data"].items()):
                    if not kind.startswith("image/"):
                        yield number, f"{kind}: {''.join(data)}"


def _sanitized() -> list[tuple[re.Pattern[str], str]]:
    """The patterns of outputs that cannot be the same twice, and their names."""
    read = configparser.RawConfigParser()
    read.read(SANITIZED, encoding="utf-8")
    return [(re.compile(read[name]["regex"]), read[name]["replace"]) for name in read.sections()]


def differences(first: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Which cells say something else, one line for each; none when both notebooks say the same."""
    patterns = _sanitized()

    def heard_of(notebook: Mapping[str, Any]) -> list[tuple[int, str]]:
        outputs = list(texts(notebook))
        for pattern, name in patterns:
            outputs = [(number, pattern.sub(name, text)) for number, text in outputs]
        return outputs

    first_texts, other_texts = heard_of(first), heard_of(other)
    lines = [
        f"cell {number}: {before[:100]!r} and {after[:100]!r}"
        for (number, before), (_, after) in zip(first_texts, other_texts, strict=False)
        if before != after
    ]
    if len(first_texts) != len(other_texts):
        lines.append(f"{len(first_texts)} outputs and {len(other_texts)}")
    return lines


def build(copy: Path, workers: int, modules: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """Builds a copy of the course; its notebooks by path.

    Raises:
        subprocess.CalledProcessError: the build fails.
    """
    subprocess.run(["git", "clone", "-q", str(ROOT), str(copy)], check=True)
    # Whatever python is started: the course is the copy's, and so are its folders.
    env = os.environ | {
        "SERVERLESS_FIRST_ROOT": str(copy),
        "PYTHONPATH": os.pathsep.join((str(copy / "engine" / "src"), str(copy / "src"))),
        "PYTHONUTF8": "1",
    }
    command = [sys.executable, "-m", "serverless_first.cli", "build", "--force", "--jobs", str(workers), *modules]
    subprocess.run(command, cwd=copy, env=env, check=True, stdout=subprocess.DEVNULL)
    paths = sorted(path for folder in BUILT for path in (copy / folder).glob("*.ipynb"))
    return {path.relative_to(copy).as_posix(): json.loads(path.read_text(encoding="utf-8")) for path in paths}


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 1 when two builds say different things."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--modules", nargs="*", default=[], help="numbers or ids; all without it")
    options = parser.parse_args(arguments)
    first: dict[str, Mapping[str, Any]] = {}
    differing = 0
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        for run, workers in enumerate(WORKERS, 1):
            begun_s = time.monotonic()
            now = build(Path(folder) / f"copy {run}", workers, options.modules)
            first = first or now
            outputs = sum(len(list(texts(notebook))) for notebook in now.values())
            took_s = time.monotonic() - begun_s
            print(f"build {run}, jobs {workers}: {len(now)} notebooks, {outputs:,} texts, {took_s:.0f} s", flush=True)
            for path, notebook in now.items():
                for line in differences(first[path], notebook):
                    differing += 1
                    print(f"{path}, {line}", flush=True)
    print("All builds say the same." if not differing else f"{differing} texts differ.")
    return int(differing > 0)


if __name__ == "__main__":
    sys.exit(main())
