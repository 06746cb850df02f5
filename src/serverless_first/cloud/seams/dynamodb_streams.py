"""Seam: (moto 5.2.5)."""

from __future__ import annotations

from serverless_first.cloud.plane import DataPlane


def install(plane: DataPlane) -> None:
    """Puts the data plane behind it."""
