"""The memory of DB instance classes, by family and size.

Source: Amazon RDS User Guide, "Hardware specifications for DB instance classes" (2023-06-10, looked up 2026-11-25): all
sizes of db.t3 and db.t4g; large and xlarge of m5, m6g, m6i, m7g, r5, r6g, r6i, r7g; the largest sizes of generations 5
to 7. Recalled, not verified: generation 8 and variants with local disks or more network (d, gd, id, idn, in, b, dn).
Within a family the memory doubles with the size.
"""

from __future__ import annotations

import re

GIB = 2**30

_BURSTABLE = {"micro": 1, "small": 2, "medium": 4, "large": 8, "xlarge": 16, "2xlarge": 32}
_MULTIPLES = {"large": 1, "xlarge": 2, "2xlarge": 4, "4xlarge": 8, "8xlarge": 16, "12xlarge": 24, "16xlarge": 32,
              "24xlarge": 48, "32xlarge": 64, "48xlarge": 96}  # fmt: skip
_GIB_OF_LARGE = {"m": 8, "r": 16}
# The largest size of a generation; of generation 8 recalled, not verified.
_LARGEST = {"5": "24xlarge", "6": "16xlarge", "7": "16xlarge", "8": "48xlarge"}
_FAMILIES = re.compile(r"t3|t4g|m5d?|m6(g|gd|i|id|idn|in)|m7(g|gd|i)|m8(g|gd|i)|r5(b|d|dn)?|r6(g|gd|i|id|idn|in)|"
                       r"r7(g|gd|i)|r8(g|gd|i)")  # fmt: skip

KNOWN = (
    "db.t3 and db.t4g from micro to 2xlarge; db.m5, m5d, m6g, m6gd, m6i, m6id, m6idn, m6in, m7g, m7gd, m7i, m8g, m8gd, "
    "m8i, and db.r5, r5b, r5d, r5dn, r6g, r6gd, r6i, r6id, r6idn, r6in, r7g, r7gd, r7i, r8g, r8gd, r8i from large up"
)


def memory_bytes(db_instance_class: str) -> int:
    """The memory of a class, in bytes.

    Raises:
        ValueError: the class is not known; the message names what is.
    """
    match = re.fullmatch(r"db\.([a-z0-9]+)\.([a-z0-9]+)", db_instance_class)
    gib = _gib(match[1], match[2]) if match and _FAMILIES.fullmatch(match[1]) else None
    if gib is None:
        raise ValueError(f"Invalid DB Instance class: {db_instance_class}. The local cloud supports {KNOWN}.")
    return gib * GIB


def _gib(family: str, size: str) -> int | None:
    if family in ("t3", "t4g"):
        return _BURSTABLE.get(size)
    sizes = list(_MULTIPLES)
    largest = "32xlarge" if family[1] == "6" and "i" in family else _LARGEST[family[1]]
    if size not in sizes[: sizes.index(largest) + 1]:
        return None
    return _MULTIPLES[size] * _GIB_OF_LARGE[family[0]]
