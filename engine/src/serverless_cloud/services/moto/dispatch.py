"""How moto finds the service of a request: it looks through its own folder twice, a third of what a request costs."""

from __future__ import annotations

import functools

from serverless_cloud.core.patches import Service

patches = Service("moto")


@patches.replaces(
    "moto.backends:list_of_moto_modules",
    defect="engine/tests/test_seams.py::test_stock_moto_still_has_the_defect[moto_looks_for_its_services_each_time]",
    upstream="moto looks for the folders of its services once.",
)
@functools.cache
def list_of_moto_modules() -> frozenset[str]:
    return frozenset(list_of_moto_modules.original())
