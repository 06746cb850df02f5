"""The command `serverless-first`: `commands` has its commands, the files beside it what some of them do."""

from serverless_first.cli.commands import main

__all__ = ["main"]
