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

This file imports nothing of the course, so that importing one room costs nothing for the others.
"""

from __future__ import annotations

import importlib
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

_SHOP = (
    *("hikari", "hikari_capacity", "hikari_vpc", "hikari_workflows", "operations", "order_stores", "own_server"),
    *("pgbouncer", "provider", "responsibility", "spectrum", "workloads"),
)
#: Module that older lessons and labs import, or a kernel's start (kernel/) in an older environment -> where it is now.
_MOVED = {f"serverless_first.{name}": f"serverless_first.shop.{name}" for name in _SHOP} | {
    "serverless_first.capstone": "serverless_first.drill.capstone",
    "serverless_first.first_cell": "serverless_first.course.first_cell",
    "serverless_first.prices": "serverless_first.facts.prices",
    "serverless_first.cloud.sources": "serverless_cloud.sources",  # lesson 07 took stream_sizes from it
}


class _MovedModules:
    """Imports a moved module under its old name, because a learner's edited copy of an older lesson still has that.

    `git pull` brings new code but leaves such copies as they are (course/workcopy.py). Old and new name are one module.
    """

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        del path, target
        loader: Any = self
        return ModuleSpec(name, loader) if name in _MOVED else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(_MOVED[spec.name])
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Gives the module, which has run under its new name, its own spec back."""
        if module.__spec__ is not None:
            module.__spec__ = module.__spec__.loader_state


sys.meta_path.append(_MovedModules())
