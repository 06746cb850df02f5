"""A pytest plugin that saves each worker a second, which jsonschema would take to build a grammar.

jsonschema, which nbval imports, builds it for the format "iri" if rfc3987_syntax is installed. The course has no such
values.
"""

from __future__ import annotations

import sys

sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
