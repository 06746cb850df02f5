"""What the settings of a local cloud that are numbers may be."""

from __future__ import annotations

_MOST = 1e9  # as seconds, 30 years: what Python can wait for


def positive(name: str, value: object) -> float:
    """A setting as a number.

    Args:
        name: of the setting, for the message.
        value: what was given.

    Raises:
        ValueError: it is no number, not greater than 0, or too large.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _MOST:
        raise ValueError(f"{name} is {value!r}; it must be a number greater than 0, and at most 1,000,000,000.")
    return float(value)
