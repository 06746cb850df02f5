"""The exact results of queueing theory for a fleet, which long simulations approach."""

from __future__ import annotations

import math
from typing import overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from serverless_first.simulate import inputs
from serverless_first.simulate.inputs import Floats


@overload
def cold_share_theory(rate_per_s: float, mean_service_s: float, idle_expiry_s: float) -> float: ...
@overload
def cold_share_theory(rate_per_s: ArrayLike, mean_service_s: ArrayLike, idle_expiry_s: ArrayLike) -> Floats: ...
def cold_share_theory(rate_per_s: ArrayLike, mean_service_s: ArrayLike, idle_expiry_s: ArrayLike) -> float | Floats:
    """The share of requests that have a cold start, from queueing theory. Long simulations approach it.

    It applies to requests at random times (a Poisson process), exponential service times that are the same for warm and
    cold starts, unlimited concurrency, and routing to the most recently used environment.

    Derivation: the number of busy environments is an M/M/inf queue, so a request finds b of them busy with the Poisson
    probability pi_b of mean rate x service. The most recently used idle environment became idle when the number last
    fell from b + 1 to b. The request is cold if this was longer ago than the expiry. Backward in time, this duration is
    tau_b, the first passage of the queue from b to b + 1, because the queue looks the same in both directions. So the
    share is the sum of pi_b P(tau_b > expiry).

    >>> f"{cold_share_theory(rate_per_s=0.9, mean_service_s=2.0, idle_expiry_s=600):.2%}"
    '0.13%'

    Args:
        rate_per_s: requests per second, above 0.
        mean_service_s: mean service time in seconds, above 0.
        idle_expiry_s: how long an environment stays idle before it ends, in seconds, finite.

    Returns:
        A share from 0 to 1, with an absolute error below 1e-10. If an argument is an array, it is an array in the
        arguments' common shape.

    Raises:
        ValueError: an argument is out of its range.
    """
    return _first_passages(rate_per_s, mean_service_s, idle_expiry_s)[0]


@overload
def mean_idle_theory(rate_per_s: float, mean_service_s: float, idle_expiry_s: float) -> float: ...
@overload
def mean_idle_theory(rate_per_s: ArrayLike, mean_service_s: ArrayLike, idle_expiry_s: ArrayLike) -> Floats: ...
def mean_idle_theory(rate_per_s: ArrayLike, mean_service_s: ArrayLike, idle_expiry_s: ArrayLike) -> float | Floats:
    """The average number of idle environments, with arguments and assumptions as in `cold_share_theory`.

    If b environments are busy after a service, the service's environment is idle for min(tau_b, expiry). By Little's
    law, the average is rate x sum of pi_b E[min(tau_b, expiry)].

    >>> round(mean_idle_theory(rate_per_s=0.9, mean_service_s=2.0, idle_expiry_s=600), 2)
    5.91
    """
    return _first_passages(rate_per_s, mean_service_s, idle_expiry_s)[1]


def _first_passages(
    rate_per_s: ArrayLike, mean_service_s: ArrayLike, idle_expiry_s: ArrayLike
) -> tuple[float, float] | tuple[Floats, Floats]:
    """The cold share and the mean number of idle environments.

    tau_b has the Laplace transform f_b(s) = rho / (rho + b + s - b f_{b-1}(s)), with time in units of the mean service
    and rho = rate x service, because from b the queue goes up, or goes down and comes back. The function inverts the
    sum over b as a whole.
    """
    rate, service, expiry = np.broadcast_arrays(
        inputs.above_zero("rate_per_s", rate_per_s),
        inputs.above_zero("mean_service_s", mean_service_s),
        inputs.numbers("idle_expiry_s", idle_expiry_s),
    )
    if np.min(expiry, initial=0.0) < 0:
        raise ValueError(f"idle_expiry_s is {np.min(expiry):g}. Give 0 s or more.")
    at_once = expiry == 0  # the inversion divides by the time
    time = np.where(at_once, 1.0, expiry / service)
    rho = (rate * service)[..., np.newaxis]
    most = float(np.max(rho, initial=0.0))
    s = _CONTOUR / time[..., np.newaxis]
    passage = np.zeros_like(s)
    log_weight = -rho
    beyond = np.zeros_like(s)  # the sum of pi_b (1 - f_b(s))
    # More than ten standard deviations above the mean, Poisson probabilities are too small for a float.
    for b in range(math.ceil(most + 10 * math.sqrt(most) + 20)):
        passage = rho / (rho + b + s - b * passage)
        beyond += np.exp(log_weight) * (1 - passage)
        log_weight = log_weight + np.log(rho / (b + 1))
    share = np.clip((_WEIGHTS * beyond / s).real.sum(axis=-1) / time, 0.0, 1.0)
    idle = rho[..., 0] * np.maximum((_WEIGHTS * beyond / s**2).real.sum(axis=-1) / time, 0.0)
    share, idle = np.where(at_once, 1.0, share), np.where(at_once, 0.0, idle)
    return (share, idle) if share.ndim else (float(share), float(idle))


def _contour(nodes: int = 24) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """Nodes z and weights w with f(t) = Re(sum of w F(z / t)) / t for a Laplace transform F.

    Talbot's contour with the constants of Trefethen, Weideman and Schmelzer, "Talbot quadratures and rational
    approximations", BIT 46 (2006); the error falls as 3.89 ** -nodes for singularities on the negative real axis,
    where a birth-death process has its singularities. The nodes are conjugate pairs, so one half is enough.
    """
    theta = (2 * np.arange(nodes // 2) + 1) * math.pi / nodes
    scaled = 0.6407 * theta
    z = nodes * (0.5017 * theta / np.tan(scaled) - 0.6122 + 0.2645j * theta)
    slope = 0.5017 / np.tan(scaled) - 0.5017 * scaled / np.sin(scaled) ** 2 + 0.2645j
    return z, 2 * np.exp(z) * slope / 1j


_CONTOUR, _WEIGHTS = _contour()
