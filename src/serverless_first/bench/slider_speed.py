"""How long a slider move takes in JupyterLab, from the key to the new picture."""

from __future__ import annotations

import statistics
from importlib.util import find_spec

from serverless_first.bench.lab_page import RedrawTimer, opened_lab
from serverless_first.bench.measure import Measurement, benchmark, within
from serverless_first.course.chromium import find_chromium

MOST_SLIDER_MS = 100.0
WARM_UP, MOVES = 20, 100


def slider() -> Measurement:
    """The fleet explorer's first slider, moved by the keyboard in headless Chromium."""
    cells = ["from serverless_first import explore\nexplore.FleetExplorer()"]
    with opened_lab("explorer.ipynb", cells=cells) as lab:
        lab.run_all()
        timer = RedrawTimer(lab)
        timer.moves(WARM_UP + MOVES)
    value_ms = statistics.median(timer.times_ms[WARM_UP:])
    within(value_ms, "slider move, milliseconds", most=MOST_SLIDER_MS)
    against = (
        f"FleetExplorer in JupyterLab, headless Chromium: from the key to the decoded picture; at most "
        f"{MOST_SLIDER_MS:g} ms"
    )
    return Measurement("slider_ms", value_ms, "ms", against, MOVES)


if find_spec("playwright") is not None and find_chromium() is not None:  # without them there is no entry
    benchmark("slider_ms")(slider)
