"""The reading copy: the built lessons as a static site that needs no server, no network and no kernel.

Nothing is executed: the pages show what the notebooks hold. The packages it needs are in the extra `site`.
"""

from __future__ import annotations

from importlib.util import find_spec

_NEEDED = {"sphinx": "Sphinx", "myst_parser": "MyST", "furo": "furo"}
if _missing := [name for module, name in _NEEDED.items() if find_spec(module) is None]:
    raise ImportError(
        f"The site needs {', '.join(_missing)}, which a learner's installation does not have. "
        "Run `make env`, or `pip install -e '.[site]'`."
    )

from serverless_first.publish.site.make import SiteFailed, make_site  # noqa: E402

__all__ = ["SiteFailed", "make_site"]
