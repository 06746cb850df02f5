"""axe-core's word on a page: what people meet there who cannot see it, or not its colours, or use the keyboard alone.

axe-core comes with the extra `browser`, and is not asked for over the network.
"""

from __future__ import annotations

from typing import Any

#: The success criteria of WCAG 2.2 of the levels A and AA, by axe's names for them.
LEVELS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa")
_SHOWN = 5


def violations(page: Any, within: str | None = None) -> list[str]:
    """What is wrong with a page, a line for each place, by the rule that it breaks.

    What is folded is judged only when it is open: see `unfold`.

    Args:
        page: Playwright's page, as it stands now.
        within: a selector, to look at a part alone.
    """
    from axe_playwright_python.sync_playwright import Axe

    # Only what is broken is told in full, and style sheets of other hosts are not asked for.
    options = {"runOnly": {"type": "tag", "values": LEVELS}, "resultTypes": ["violations"], "preload": False}
    found = Axe().run(page, context=within, options=options).response["violations"]
    return [
        f"{broken['id']}: {broken['help']}: {place['html'][:150]} ({(place['failureSummary'] or '').splitlines()[-1]})"
        for broken in found
        for place in [*broken["nodes"][:_SHOWN]]
    ] + [f"{broken['id']}: {len(broken['nodes'])} places" for broken in found if len(broken["nodes"]) > _SHOWN]


def unfold(page: Any) -> None:
    """Opens all that is folded, and waits until the page has been laid out with it."""
    page.evaluate(
        """async () => {
            for (const fold of document.querySelectorAll("details")) fold.open = true;
            for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
        }"""
    )
