"""The cards that a class is given: a name, the address, a code. To print and cut, and as CSV for a mail merge."""

from __future__ import annotations

import html
from pathlib import Path

from serverless_first.teach.board.exports import to_csv
from serverless_first.teach.classroom.roll import Roll, private

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Cards of the class</title><style>
body {{ font: 15px/1.4 "Noto Sans", "Noto Sans CJK JP", "Hiragino Sans", "Yu Gothic", sans-serif; margin: 1cm; }}
main {{ display: grid; grid-template-columns: 1fr 1fr; }}
article {{ border: 1px dashed #555; padding: .6cm; break-inside: avoid; }}
h2 {{ font-size: 1.2em; margin: 0 0 .3em; overflow-wrap: anywhere; }} p {{ margin: .2em 0; }}
code {{ font: bold 1.5em/1.5 ui-monospace, Consolas, monospace; letter-spacing: .08em; }}
@media print {{ body > p {{ display: none; }} }}
</style></head><body>
<p>Print the cards, cut them, and hand them out. A code opens a student's work, so give each person only their own.</p>
<main>
{cards}
</main></body></html>
"""
_CARD = """<article><h2>{name}</h2><p>Open <b>{address}</b></p><p>Your code</p><p><code>{code}</code></p></article>"""


def write(folder: Path, roll: Roll, address: str) -> tuple[Path, Path]:
    """Writes cards.html and cards.csv into the class's folder, readable only for their owner.

    Args:
        address: what a student opens in the browser.

    Returns:
        the two files.
    """
    pages, table = folder / "cards.html", folder / "cards.csv"
    where = html.escape(address)
    cards = "\n".join(_CARD.format(name=html.escape(p.name), address=where, code=p.code) for p in roll.people)
    private(pages, _PAGE.format(cards=cards))
    rows = [(person.name, person.account, address, person.code) for person in roll.people]
    private(table, to_csv(["name", "account", "address", "code"], rows))
    return pages, table
