"""Modules of the course as they are on another system, for a test: with other `sys`, `os` and `signal` around them."""

from __future__ import annotations

import importlib.util
import types
from pathlib import Path
from typing import Any

_PRETEND = Path(__file__).resolve().parents[2] / "engine" / "tests" / "pretend" / "sitecustomize.py"
_ROOT = Path(__file__).resolve().parents[2]


def _kit() -> Any:
    spec = importlib.util.spec_from_file_location("pretend_systems", _PRETEND)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def module_on(system: str, name: str) -> Any:
    """A copy of a module of ours, loaded as on another system; nobody else gets to see it.

    Args:
        system: "win32" or "darwin".
        name: "serverless_cloud.notebook.leftovers", or a file of tools/: "tools.environment".
    """
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.loader is not None
    module = types.ModuleType(f"{name} on {system}")
    module.__file__, module.__package__ = spec.origin, name.rpartition(".")[0]
    module.__dict__["__builtins__"] = _kit().Pretender(system)._builtins
    code = spec.loader.get_code(name)  # type: ignore[attr-defined]
    # Data classes look their module up by its name.
    import sys

    sys.modules[module.__name__] = module
    module.__dict__["__name__"] = module.__name__
    exec(code, module.__dict__)
    return module
