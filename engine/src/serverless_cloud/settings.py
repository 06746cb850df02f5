"""The settings of a local cloud, and their allowed values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

#: How functions reach a VPC: by interfaces that they share, as since 2019, or by one for each environment, as before.
NETWORK_MODELS = ("hyperplane", "2019")
#: Settings that may change while the cloud runs.
CHANGEABLE = ("idle_expiry_s", "time_scale", "enforce_iam", "network_model")
#: The access key of a notebook, and its secret.
LOCAL_KEY = "local"
_MOST = 1e9  # in seconds, 30 years, which Python can still wait for


@dataclass(frozen=True)
class CloudSettings:
    """The settings of a local cloud at its start.

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
    """Checks settings of a cloud, by their names.

    Raises:
        ValueError: a setting doesn't exist, or cannot have its value.
    """
    for name, value in settings.items():
        if name not in CHANGEABLE:
            import difflib  # late, because only this error needs it

            close = difflib.get_close_matches(name, CHANGEABLE, 1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise ValueError(f"Unknown setting {name!r}.{hint} Settings: {', '.join(CHANGEABLE)}.")
        if name == "enforce_iam":
            if not isinstance(value, bool):
                raise ValueError(f"enforce_iam is {value!r}. It must be True or False.")
        elif name == "network_model":
            if value not in NETWORK_MODELS:
                raise ValueError(f"network_model is {value!r}. It must be {' or '.join(map(repr, NETWORK_MODELS))}.")
        elif isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _MOST:
            raise ValueError(f"{name} is {value!r}. It must be a number greater than 0, and at most 1,000,000,000.")
