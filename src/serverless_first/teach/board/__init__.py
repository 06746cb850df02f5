"""The board: with each learner's consent, an instructor sees who is done and who is stuck.

A learner's notebook sends a few fields after a check (see `lab.sharing`), never code. Here is the service that takes
them: tokens (`keys`), what it keeps (`store`), what the page is told (`view`), CSV (`exports`), HTTP (`server`).
"""

from serverless_first.teach.board.keys import Keys

__all__ = ["Keys"]
