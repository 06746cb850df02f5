"""A cell's stored outputs, as a reader sees them on a page."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

from PIL import Image

from serverless_first.publish.site import explorers
from serverless_first.publish.site.questions import prediction
from serverless_first.publish.site.text import Text, escaped

PICTURES = "pictures"
_PREDICTION_ENDS = "Your pick: none yet"
_HAPPENED = re.compile(r"^What happened: (.*)$", re.MULTILINE)
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_SETTING = re.compile(r"  ([^:]+): (.*)")


class CannotShow(ValueError):
    """An output of a kind that a page cannot show."""


def add_outputs(text: Text, cell: Any, name: str, pictures: Path) -> None:
    """Adds the outputs of a cell to a page; pictures become files.

    Args:
        cell: a code cell that has been executed.
        name: begins the names of its pictures, as in "05-rds-proxy-12".
        pictures: the folder for them.

    Raises:
        CannotShow: there is an output that the site does not know.
    """
    for number, output in enumerate(cell.outputs, 1):
        if output.output_type == "stream":
            _add_stream(text, output.text)
        elif output.output_type == "error":
            text.fenced("{code-block} text\n:class: output", _ANSI.sub("", "\n".join(output.traceback)))
        else:
            _add_display(text, output, cell.source, f"{name}-{number}", pictures)


def _add_stream(text: Text, printed: str) -> None:
    printed = _ANSI.sub("", printed)
    end = 0
    for match in _HAPPENED.finditer(printed):
        _add_plain(text, printed[end : match.start()])
        text.html(f'<p class="outcome"><strong>What happened:</strong> {escaped(match[1])}</p>')
        end = match.end()
    _add_plain(text, printed[end:])


def _add_plain(text: Text, printed: str) -> None:
    if printed.strip():
        text.fenced("{code-block} text\n:class: output", printed.rstrip())


def _add_display(text: Text, output: Any, source: str, name: str, pictures: Path) -> None:
    data = output.data
    if "image/png" in data:
        alt = (output.metadata.get("image/png") or {}).get("alt")
        if not alt:
            raise CannotShow("a picture has no alt text. Show it with figures.show(figure, alt=...)")
        text.html(_picture(base64.b64decode(data["image/png"]), alt, name, pictures))
    elif "text/html" in data:
        text.html(data["text/html"])
    elif "text/markdown" in data:
        text.add(data["text/markdown"])
    elif set(data) != {"text/plain"}:
        raise CannotShow(f"an output of the kind {', '.join(sorted(data))} cannot be shown")
    elif data["text/plain"].endswith(_PREDICTION_ENDS):
        text.html(prediction(data["text/plain"]))
    elif "explore." in source and any(map(_SETTING.fullmatch, data["text/plain"].split("\n")[1:2])):
        text.html(explorers.explorer(name[:2], pictures, PICTURES) or _explorer(data["text/plain"]))
    else:
        _add_plain(text, data["text/plain"])


def _picture(png: bytes, alt: str, name: str, pictures: Path) -> str:
    file = pictures / f"{name}.png"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(png)
    with Image.open(file) as picture:
        width, height = picture.size
    address = f"{PICTURES}/{file.name}"
    return (
        f'<div class="figure" tabindex="0" role="group" aria-label="Figure">'
        f'<img src="{address}" alt="{escaped(alt)}" width="{width}" height="{height}"></div>'
    )


def _explorer(stored: str) -> str:
    title, *lines = stored.split("\n")
    settings = [match.groups() for line in lines if (match := _SETTING.fullmatch(line))]
    sentence, *words = lines[len(settings) :]
    rows = "".join(f"<tr><th scope='row'>{escaped(k)}</th><td>{escaped(v)}</td></tr>" for k, v in settings)
    return (
        f'<div class="explorer" role="group" aria-label="Explorer"><p><strong>{escaped(title)}</strong></p>'
        f"<table><tbody>{rows}</tbody></table><p>{escaped(sentence)}</p>"
        f"<details><summary>The figure in words</summary>{escaped(' '.join(words))}</details>"
        "<p><em>These are sliders with a live picture: run the lesson to move them.</em></p></div>"
    )
