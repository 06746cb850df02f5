"""Serverless First: a course in which each claim about serverless is run, on your own machine.

Its rooms, one folder each:

    course          course.toml, places on the disk, the learner's copies, JupyterLab on them
    facts           dated numbers, prices, releases and the glossary, each with its source
    cloud           the way into the local cloud (engine/), and into a real account (real_account)
    shop            Hikari, the lamp shop of the lessons, and what single modules need
    lab, drill      checks, hints and progress; the drill of the capstone
    reach           what AWS would do with a packet
    simulate, figures, explore   models, pictures of them, and widgets that turn their knobs
    authoring, publish, teach    notebooks from modules/; the reading copy and the wheels; classes and the board
    cli, bench      the command `serverless-first`; measurements, and JupyterLab's pages driven in Chromium

This file stays empty of imports: every execution environment of a function reads it.
"""
