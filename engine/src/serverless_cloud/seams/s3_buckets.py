"""Seam: names of buckets (moto 5.2.5).

moto looks at the length alone. Replaced here: `S3Backend.create_bucket`. Worth an upstream change.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import Any

from moto.s3 import models
from moto.s3.exceptions import InvalidBucketName

_RESERVED_BEGINNINGS = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_ENDINGS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")


def install() -> None:
    """Puts AWS's rules before moto's."""
    backend_class: Any = models.S3Backend
    create: Callable[..., Any] = backend_class.create_bucket

    def create_bucket(self: Any, bucket_name: str, region_name: str, bucket_namespace: str | None = None) -> Any:
        if not is_allowed(bucket_name):
            raise InvalidBucketName
        return create(self, bucket_name, region_name, bucket_namespace)

    backend_class.create_bucket = create_bucket


def is_allowed(name: str) -> bool:
    """Whether a bucket may have this name (Amazon S3 User Guide, "General purpose bucket naming rules")."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", name) or ".." in name:
        return False
    if name.startswith(_RESERVED_BEGINNINGS) or name.endswith(_RESERVED_ENDINGS):
        return False
    try:
        ipaddress.IPv4Address(name)
    except ValueError:
        return True
    return False
