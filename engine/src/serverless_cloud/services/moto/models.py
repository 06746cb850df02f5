"""Moto's objects end when nobody needs them any more.

moto notes each object of each model in a list of its class, for the page /moto-api
of its server, and until a reset none ends: each message that was deleted long ago, each item that was overwritten, and
every datum that was made to answer a question about metrics. Half an hour of the capstone's load took 1.8 GB that way.

Emptied here: `AccountSpecificBackend._generate_regions` and `Subnet._base_avail_ip_iterator`, two caches of methods.
"""

from __future__ import annotations

import sys
from typing import Any

from moto.core.base_backend import AccountSpecificBackend
from moto.core.common_models import BaseModel

from serverless_cloud.core.patches import Service

patches = Service("moto")


@patches.replaces(
    "moto.core.common_models:BaseModel.__new__",
    kind="staticmethod",
    defect="engine/tests/services/test_models_patch.py::test_stock_moto_keeps_each_object",
    upstream="moto's server lets objects end that nobody needs any more.",
)
def make(cls: type[BaseModel], *args: object, **kwargs: object) -> BaseModel:
    del args, kwargs  # __init__ gets them
    return super(BaseModel, cls).__new__(cls)  # a dict's own for moto's models that are dicts


def forget() -> None:
    """Empties two caches of moto's after a reset.

    They hold subnets and accounts, and with each of them all of EC2 as it was: 2.6 MB for each reset.
    """
    regions: Any = AccountSpecificBackend._generate_regions
    regions.cache_clear()
    if (subnets := sys.modules.get("moto.ec2.models.subnets")) is not None:
        subnets.Subnet._base_avail_ip_iterator.cache_clear()
