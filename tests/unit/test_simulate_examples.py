"""The examples in the simulations' docstrings run, and each public function has one."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
from types import ModuleType

import pytest

from serverless_first import simulate

#: Modules whose functions no lesson calls: what the others are made of.
INNER = {"inputs", "loops"}
NAMES = [module.name for module in pkgutil.iter_modules(simulate.__path__)]


def module(name: str) -> ModuleType:
    return importlib.import_module(f"{simulate.__name__}.{name}")


@pytest.mark.parametrize("name", NAMES)
def test_the_examples_give_what_they_say(name: str) -> None:
    result = doctest.testmod(module(name), verbose=False)
    assert result.failed == 0
    assert result.attempted > 0 or name in INNER


@pytest.mark.parametrize("name", [name for name in NAMES if name not in INNER])
def test_each_public_function_has_an_example(name: str) -> None:
    own = module(name)
    functions = {
        key: value
        for key, value in vars(own).items()
        if inspect.isfunction(value) and value.__module__ == own.__name__ and not key.startswith("_")
    }
    assert [key for key, value in functions.items() if ">>>" not in (value.__doc__ or "")] == []
