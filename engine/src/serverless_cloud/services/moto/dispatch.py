"""How moto finds the service and the operation of a request.

It looks through its own folder twice, a third of what a request costs, and through a class for its methods.
"""

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


@patches.replaces(
    "moto.core.utils:method_names_from_class",
    defect="engine/tests/test_seams.py::test_stock_moto_still_has_the_defect[moto_looks_for_methods_each_time]",
    upstream="moto looks for the methods of a class once.",
    everywhere=True,
)
@functools.cache
def method_names_from_class(clazz: object) -> list[str]:
    return method_names_from_class.original(clazz)
