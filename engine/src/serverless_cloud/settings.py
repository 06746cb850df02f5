"""The settings of a local cloud, and what they may be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

#: How functions reach a VPC: by interfaces that they share, as since 2019, or by one for each environment, as before.
NETWORK_MODELS = ("hyperplane", "2019")
#: What may change while the cloud runs.
CHANGEABLE = ("idle_expiry_s", "time_scale", "enforce_iam", "network_model")
_MOST = 1e9  # as seconds, 30 years: what Python can wait for


@dataclass(frozen=True)
class CloudSettings:
    """What a local cloud is started with.

    Args:
        idle_expiry_s: how long an idle execution environment lives, in seconds.
        time_scale: divides AWS's own waiting times.
        guarded: whether boto3 in handlers is kept on this machine.
        enforce_iam: whether roles and resource policies are enforced.
        network_model: how functions reach a VPC, one of NETWORK_MODELS.
    """

    idle_expiry_s: float = 600.0
    time_scale: float = 1.0
    guarded: bool = True
    enforce_iam: bool = False
    network_model: str = NETWORK_MODELS[0]


DEFAULTS = CloudSettings()


def check(settings: Mapping[str, object]) -> None:
    """Looks at settings of a cloud, by their names.

    Raises:
        ValueError: there is no such setting, or it cannot have this value.
    """
    for name, value in settings.items():
        if name not in CHANGEABLE:
            raise ValueError(f"{name} is no setting; there are {', '.join(CHANGEABLE)}.")
        if name == "enforce_iam":
            if not isinstance(value, bool):
                raise ValueError(f"enforce_iam is {value!r}; it must be True or False.")
        elif name == "network_model":
            if value not in NETWORK_MODELS:
                raise ValueError(f"network_model is {value!r}; it must be {' or '.join(map(repr, NETWORK_MODELS))}.")
        elif isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _MOST:
            raise ValueError(f"{name} is {value!r}; it must be a number greater than 0, and at most 1,000,000,000.")
