"""Serverless First: a course in which each claim about serverless is run, on your own machine.

The parts: `cloud` (the local cloud), `lab` (checks, hints, progress), `figures`, and for authors `build`.
This file stays empty of imports: every execution environment of a function reads it.
"""
