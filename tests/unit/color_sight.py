"""Colors as people see them: contrast, what a theme's filter makes of them, and how far two of them are apart."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

#: What is left of red, green and blue light for people who lack one kind of cone (Machado, Oliveira and Fernandes,
#: 2009, severity 1). https://www.inf.ufrgs.br/~oliveira/pubs_files/CVD_Simulation/CVD_Simulation.html
SIGHT = {
    "all cones": np.eye(3),
    "no red cones": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "no green cones": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "no blue cones": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
_LUMA = np.array([0.213, 0.715, 0.072])  # of CSS filters
_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
_FILTER = re.compile(r"([\w-]+)\(([\d.]+)(?:deg)?\)")


def contrast(one: str, two: str) -> float:
    """WCAG 2 contrast ratio of two colors, each #rrggbb."""
    low, high = sorted(float(_light(_parts(color)) @ [0.2126, 0.7152, 0.0722]) for color in (one, two))
    return (high + 0.05) / (low + 0.05)


def distance(one: str, two: str, sight: str) -> float:
    """How far two colors, each #rrggbb, are apart in CIELAB for one kind of `SIGHT`; 2 is the least one notices."""
    places = [_lab(np.clip(SIGHT[sight] @ _light(_parts(color)), 0, 1)) for color in (one, two)]
    return float(np.linalg.norm(places[0] - places[1]))


def filtered(color: str, css: str) -> str:
    """The color #rrggbb behind a CSS filter of invert, hue-rotate(180deg) and saturate (Filter Effects Module 1)."""
    parts = _parts(color)
    for name, amount in _FILTER.findall(css):
        number = float(amount)
        match name:
            case "invert":
                parts = number * (1 - parts) + (1 - number) * parts
            case "hue-rotate":
                assert number == 180
                parts = 2 * float(_LUMA @ parts) - parts
            case "saturate":
                grey = float(_LUMA @ parts)
                parts = grey + number * (parts - grey)
            case _:
                raise AssertionError(f"{name} is not modeled here")
        parts = np.clip(parts, 0, 1)
    return "#" + "".join(f"{round(part * 255):02x}" for part in parts)


def _parts(color: str) -> Any:
    return np.array([int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)])


def _light(parts: Any) -> Any:
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def _lab(light: Any) -> Any:
    x, y, z = (_cube_root(part) for part in (_XYZ @ light) / (0.95047, 1.0, 1.08883))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def _cube_root(part: float) -> float:
    return float(np.cbrt(part)) if part > 0.008856 else 7.787 * part + 16 / 116
