"""Fargate's rules for a job.

Rules: AWS Batch API Reference, "ResourceRequirement" (the pairs) and "ContainerProperties" (what does not apply).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serverless_cloud.batch.errors import ClientException


def _steps(first_mb: int, last_mb: int, step_mb: int) -> frozenset[int]:
    return frozenset(range(first_mb, last_mb + 1, step_mb))


#: The memory, in MiB, that goes with a number of vCPUs.
PAIRS: Mapping[float, frozenset[int]] = {
    0.25: frozenset((512, 1024, 2048)),
    0.5: _steps(1024, 4096, 1024),
    1.0: _steps(2048, 8192, 1024),
    2.0: _steps(4096, 16384, 1024),
    4.0: _steps(8192, 30720, 1024),
    8.0: _steps(16384, 61440, 4096),
    16.0: _steps(32768, 122880, 8192),
}


def check(properties: Mapping[str, Any], vcpus: float, memory_mb: int) -> None:
    """Raises unless a container may run on Fargate.

    Args:
        properties: its containerProperties, overrides included.

    Raises:
        ClientException: in AWS's words, where public reports show them (insitro/redun pull request 95, Netflix/metaflow
            issue 749); the words for executionRoleArn are recalled, not verified.
    """
    for name in ("vcpus", "memory"):
        if properties.get(name) is not None:
            raise ClientException(f"{name} is not applicable for Fargate. Use resource requirements instead.")
    if not properties.get("executionRoleArn"):
        raise ClientException("executionRoleArn is required for Fargate jobs.")
    if memory_mb not in PAIRS.get(vcpus, ()):
        raise ClientException(f"Fargate resource requirements ({vcpus:.2f} vCPU, {memory_mb} MiB) not valid.")
