"""Shows every figure of the course beside simulations of the three kinds of dichromacy.

    python tools/colour_blind.py [--dark] [FOLDER]

It takes the figures from the built notebooks, lets Chromium simulate missing red, green or blue cones, and writes
contact sheets into FOLDER (default: `colour-blind`). With --dark, the figures look as in a dark theme. A person must
look at the sheets; docs/accessibility.md has the dates and findings. It needs Chromium and Playwright.
"""

from __future__ import annotations

import html
import json
import sys
from pathlib import Path
from typing import Any

from serverless_first.course import look
from serverless_first.course.chromium import arguments, find_chromium, missing

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("notebooks", "solutions", "slides")
KINDS = {"none": "as drawn", "protanopia": "no red cones", "deuteranopia": "no green cones", "tritanopia": "no blue"}
ON_A_SHEET = 6


def figures() -> list[tuple[str, str]]:
    """The different pictures in the built notebooks, as pairs of the first place and the bytes in base64."""
    places: dict[str, str] = {}
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).glob("*.ipynb")):
            for number, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"], 1):
                for output in cell.get("outputs", []):
                    if png := output.get("data", {}).get("image/png"):
                        places.setdefault("".join(png).replace("\n", ""), f"{folder}/{path.stem}, cell {number}")
    return [(place, png) for png, place in places.items()]


def sheet(page: Any, some: list[tuple[str, str]], target: Path, *, dark: bool = False) -> None:
    """Writes one contact sheet: a row for each figure, a column for each kind of sight.

    Args:
        page: Playwright's page.
        some: pictures from `figures`.
        target: the file of the sheet, a PNG.
        dark: whether to show the figures as in a dark theme.
    """
    from PIL import Image

    rows = "".join(
        f'<figure><img src="data:image/png;base64,{png}"><figcaption>{html.escape(place)}</figcaption></figure>'
        for place, png in some
    )
    paper, ink = (look.COLORS[name].dark if dark else look.COLORS[name].light for name in ("paper", "ink"))
    style = (
        f"body, figure {{ margin: 4px; font: 14px sans-serif; background: {paper}; color: {ink} }} "
        f"img {{ width: 620px; filter: {look.DARK_FIGURE if dark else 'none'} }}"
    )
    page.set_content(f"<!DOCTYPE html><style>{style}</style>{rows}")
    page.wait_for_function("() => [...document.images].every(image => image.complete)")
    session = page.context.new_cdp_session(page)
    columns = []
    for kind in KINDS:
        session.send("Emulation.setEmulatedVisionDeficiency", {"type": kind})
        file = target.with_name(f"{target.stem}-{kind}.part.png")
        page.screenshot(path=str(file), full_page=True)
        columns.append(file)
    session.detach()
    opened = [Image.open(file).convert("RGB") for file in columns]
    whole = Image.new("RGB", (sum(one.width for one in opened), opened[0].height), "white")
    for number, one in enumerate(opened):
        whole.paste(one, (sum(before.width for before in opened[:number]), 0))
    whole.save(target)
    for file in columns:
        file.unlink()


def main(words: list[str]) -> int:
    """Writes all sheets. Returns 2 if there is no browser, and 0 otherwise."""
    if lacks := missing():
        print(lacks, file=sys.stderr)
        return 2
    from playwright.sync_api import sync_playwright

    dark = "--dark" in words
    folders = [one for one in words if one != "--dark"]
    folder = Path(*folders) if folders else ROOT / "colour-blind"
    folder.mkdir(parents=True, exist_ok=True)
    every = figures()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=arguments())
        page = chromium.new_page(viewport={"width": 640, "height": 400})
        for first in range(0, len(every), ON_A_SHEET):
            target = folder / f"sheet-{first // ON_A_SHEET + 1:02}.png"
            sheet(page, every[first : first + ON_A_SHEET], target, dark=dark)
            print(f"{target.name}: {', '.join(place for place, _ in every[first : first + ON_A_SHEET])}")
        chromium.close()
    print(f"{len(every)} figures, from left to right: {', '.join(KINDS.values())}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
