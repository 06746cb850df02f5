"""What the settings of a local cloud may be."""

from __future__ import annotations

#: How functions reach a VPC: by interfaces that they share, as since 2019, or by one for each environment, as before.
NETWORK_MODELS = ("hyperplane", "2019")
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


def model_named(value: object) -> str:
    """A network model.

    Args:
        value: what was given.

    Raises:
        ValueError: it is none of NETWORK_MODELS.
    """
    if value not in NETWORK_MODELS:
        raise ValueError(f"network_model is {value!r}; it must be {' or '.join(map(repr, NETWORK_MODELS))}.")
    return str(value)
