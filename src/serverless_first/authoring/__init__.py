"""modules/ to notebooks: `build` makes them, `check` compares them with their sources, `export_slides` shows them.

For authors. The packages it needs are in the extras `author` and `slides`, which `make env` installs.
"""

from __future__ import annotations

from importlib.util import find_spec

_NEEDED = ("jupytext", "nbgrader", "nbconvert")
if _missing := [name for name in _NEEDED if find_spec(name) is None]:
    raise ImportError(
        f"The build needs {', '.join(_missing)}, which a learner's installation does not have. "
        "Run `make env`, or `pip install -e '.[author,slides]'`."
    )

from serverless_first.authoring.builder import Built, build, check  # noqa: E402
from serverless_first.authoring.guide import print_guide  # noqa: E402
from serverless_first.authoring.problems import BuildFailed  # noqa: E402
from serverless_first.authoring.slides import export_slides  # noqa: E402

__all__ = ["BuildFailed", "Built", "build", "check", "export_slides", "print_guide"]
