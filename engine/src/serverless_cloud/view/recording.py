"""A recording of a view: HTML that plays its moments without a kernel and without a network."""

from __future__ import annotations

import base64
import gzip
import html
import json
from collections.abc import Sequence
from importlib.resources import files

from serverless_cloud.view.moment import Moment

SCRIPT = files(__package__).joinpath("view.js").read_text(encoding="utf-8")
TITLE = "A recording of the local cloud"


def as_html(moments: Sequence[Moment]) -> str:
    """A part of a page that plays the moments.

    Where scripts don't run, such as on GitHub, it says what the last moment was.

    Args:
        moments: the oldest first, at least one.
    """
    packed = base64.b64encode(gzip.compress(json.dumps(moments).encode(), mtime=0)).decode()
    script = base64.b64encode(SCRIPT.encode()).decode()
    return (
        f'<div class="serverless-view"><p class="words">{html.escape(moments[-1]["words"])}</p></div>\n'
        "<script>{ const place = document.currentScript.previousElementSibling;\n"
        f'import("data:text/javascript;base64,{script}").then((view) => view.play(place, "{packed}")); }}</script>'
    )


def as_page(moments: Sequence[Moment]) -> str:
    """The same as one whole file, which needs nothing else."""
    page = files(__package__).joinpath("page.html").read_text(encoding="utf-8")
    head = page.partition("<main>")[0].replace("The local cloud, live", TITLE)
    return f"{head}<main>\n<h1>{TITLE}</h1>\n{as_html(moments)}\n</main>\n"
