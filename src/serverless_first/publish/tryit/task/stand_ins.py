"""Stands in for modules that the task never uses: one that doesn't exist for the browser, and some that are large.

moto imports cryptography for certificates and keys, and IAM's 1,500 managed policies. pytest imports Pygments to color
its output. Charging an order needs none of them.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Sequence
from typing import Any

#: These modules, and all below them, are empty: each name in them is a class that does nothing.
EMPTY = ("cryptography", "yaml", "pygments", "moto.iam.access_control", "moto.iam.aws_managed_policies")
#: Names in these modules that must be more than that.
NAMES: dict[str, dict[str, Any]] = {"moto.iam.aws_managed_policies": {"aws_managed_policies_data": "{}"}}
#: Importing these fails, and their users do without.
MISSING = ("simplejson",)


class _Module(types.ModuleType):
    """A module that has every name; each is a class that does nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(
        self, name: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        del path, target
        if _within(name, MISSING):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        if _within(name, EMPTY):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return _Module(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        vars(module).update(NAMES.get(module.__name__, {}))


def _within(name: str, modules: Sequence[str]) -> bool:
    return any(f"{name}.".startswith(f"{module}.") for module in modules)


def install() -> None:
    """Makes these imports give empty modules, or fail."""
    sys.meta_path.insert(0, _Finder())
