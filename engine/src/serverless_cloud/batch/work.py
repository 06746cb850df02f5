"""The work of a job, put together from its definition, the request's overrides, and parameters.

Rules: AWS Batch User Guide, "Job definition parameters"; API Reference, "ContainerProperties", "ContainerOverrides".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from serverless_cloud.batch import fargate
from serverless_cloud.batch.errors import ClientException
from serverless_cloud.core.refusals import NotHonoured

LOG_GROUP = "/aws/batch/job"
#: Kept and shown, without effect; docs/fidelity.md lists them. Empty ones of the others pass too.
_WITHOUT_EFFECT = frozenset(
    ("networkConfiguration", "fargatePlatformConfiguration", "runtimePlatform", "ephemeralStorage", "instanceType")
)
_HONOURED = frozenset(
    ("image", "command", "environment", "resourceRequirements", "vcpus", "memory", "jobRoleArn", "executionRoleArn",
     "logConfiguration")
)  # fmt: skip
_OVERRIDES = frozenset(("command", "environment", "resourceRequirements", "vcpus", "memory", "instanceType"))


@dataclass(frozen=True)
class Work:
    """The work of each attempt of a job.

    Args:
        command: the program and its arguments.
        environment: its variables, without the variables that Batch sets.
        job_role_arn: whose rights it has; "" if none.
        log_group, log_prefix: where its output goes.
        container: as DescribeJobs tells it, without what only an attempt knows.
    """

    image: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    vcpus: float
    memory_mb: int
    job_role_arn: str
    log_group: str
    log_prefix: str
    container: Mapping[str, Any]


def check_properties(properties: Mapping[str, Any], *, is_fargate: bool) -> None:
    """Raises unless the local cloud supports the containerProperties of a definition.

    Raises:
        ClientException, NotHonoured: as for `work_of`.
    """
    if not properties.get("image"):
        raise ClientException("Container properties must contain an image.")
    for name, value in properties.items():
        if value and name not in _HONOURED | _WITHOUT_EFFECT:
            raise NotHonoured(f"{name} in containerProperties")
    _environment(properties)
    _log_target(properties, "")
    vcpus, memory_mb = _resources(properties, {})
    if is_fargate:
        fargate.check(properties, vcpus, memory_mb)


def work_of(
    definition_name: str,
    properties: Mapping[str, Any],
    overrides: Mapping[str, Any],
    parameters: Mapping[str, str],
    *,
    is_fargate: bool,
) -> Work:
    """Puts together what a job runs.

    Args:
        definition_name: the job definition's; log streams begin with it.
        properties: its containerProperties.
        overrides: containerOverrides of the request.
        parameters: of the definition, then of the request.
        is_fargate: whether the definition asks for Fargate.

    Raises:
        ClientException: Batch would not take it.
        NotHonoured: a setting that would have no effect here, or no command (an image's own cannot run).
    """
    for name, value in overrides.items():
        if value and name not in _OVERRIDES:
            raise NotHonoured(f"{name} in containerOverrides")
    vcpus, memory_mb = _resources(properties, overrides)
    if is_fargate:
        fargate.check({**properties, **{k: overrides[k] for k in ("vcpus", "memory") if k in overrides}},
                      vcpus, memory_mb)  # fmt: skip
    command = [str(part) for part in overrides.get("command") or properties.get("command") or []]
    if not command:
        raise NotHonoured(
            "a job without a command",
            "The local cloud doesn't support {}. On AWS the image's own command runs, but images don't run here. Give "
            "command in containerProperties or containerOverrides (docs/fidelity.md).",
        )
    substituted = tuple(substitute(part, parameters) for part in command)
    environment = _environment(properties) | _environment(overrides)
    group, prefix = _log_target(properties, definition_name)
    container = {name: value for name, value in properties.items() if name not in ("vcpus", "memory")}
    whole = {"vcpus": int(vcpus)} if vcpus == int(vcpus) else {}
    container |= {
        **whole,
        "memory": memory_mb,
        "command": list(substituted),
        "environment": [{"name": name, "value": value} for name, value in environment.items()],
        "resourceRequirements": _requirements(properties, overrides),
    }
    for name in ("volumes", "mountPoints", "ulimits", "secrets"):
        container.setdefault(name, [])
    return Work(
        image=str(properties["image"]),
        command=substituted,
        environment=environment,
        vcpus=vcpus,
        memory_mb=memory_mb,
        job_role_arn=str(properties.get("jobRoleArn") or ""),
        log_group=group,
        log_prefix=prefix,
        container=container,
    )


def substitute(text: str, parameters: Mapping[str, str]) -> str:
    """Replaces Ref::name with parameters, also inside a longer text. A parameter without a value stays as it is.

    AWS's example has placeholders that are a whole word of the command (AWS Batch User Guide, "Parameter substitution",
    looked up on 26 November 2026). The page does not say what one inside a longer word becomes: that is our reading.
    """
    if "Ref::" not in text or not parameters:
        return text
    names = "|".join(re.escape(name) for name in sorted(parameters, key=len, reverse=True))
    return re.sub(rf"Ref::({names})(?![\w-])", lambda match: str(parameters[match.group(1)]), text)


def _environment(settings: Mapping[str, Any]) -> dict[str, str]:
    variables = {
        str(variable["name"]): str(variable.get("value", "")) for variable in settings.get("environment") or []
    }
    for name in variables:
        if name.startswith("AWS_BATCH"):  # reserved, says ContainerProperties; AWS's words recalled, not verified
            raise ClientException(f"Environment variable {name} must not start with AWS_BATCH.")
    return {name: value for name, value in variables.items() if value}


def _requirements(properties: Mapping[str, Any], overrides: Mapping[str, Any]) -> list[dict[str, str]]:
    values: dict[str, str] = {}
    for settings in (properties, overrides):
        values |= {item["type"]: str(item["value"]) for item in settings.get("resourceRequirements") or []}
    return [{"value": value, "type": kind} for kind, value in values.items()]


def _resources(properties: Mapping[str, Any], overrides: Mapping[str, Any]) -> tuple[float, int]:
    """vCPUs and MiB; an override comes first, resourceRequirements before the older settings."""
    resources: dict[str, str] = {}
    for settings in (properties, overrides):
        for kind, name in (("VCPU", "vcpus"), ("MEMORY", "memory")):
            if settings.get(name) is not None:
                resources[kind] = str(settings[name])
        resources |= {
            requirement["type"]: str(requirement["value"]) for requirement in settings.get("resourceRequirements") or []
        }
    if "GPU" in resources:
        raise NotHonoured("resource requirements of the type GPU")
    if unknown := set(resources) - {"VCPU", "MEMORY"}:
        raise ClientException(f"Resource requirement type {min(unknown)} is not one of GPU, VCPU, MEMORY.")
    for kind, word in (("VCPU", "vCPU"), ("MEMORY", "Memory")):
        if kind not in resources:  # ASFHyP3/hyp3 pull request 586 shows the sentence for vCPU
            raise ClientException(f"Error executing request, Exception : {word} is not provided.")
    try:
        vcpus, memory_mb = float(resources["VCPU"]), int(resources["MEMORY"])
    except ValueError:
        raise ClientException(
            f"Resource requirements must be numbers: VCPU {resources['VCPU']!r}, MEMORY {resources['MEMORY']!r}."
        ) from None
    if not 0 < vcpus < float("inf"):
        raise ClientException("vCPU must be greater than 0.")
    if memory_mb < 4:  # API Reference, ResourceRequirement: at least 4 MiB
        raise ClientException("Memory must be at least 4 MiB.")
    return vcpus, memory_mb


def _log_target(properties: Mapping[str, Any], definition_name: str) -> tuple[str, str]:
    """The log group, and what its streams begin with; Batch uses "<definition>/default/<task id>"."""
    settings = properties.get("logConfiguration") or {}
    driver, options = settings.get("logDriver", "awslogs"), dict(settings.get("options") or {})
    if driver != "awslogs":
        raise NotHonoured(f"logDriver {driver}")
    if settings.get("secretOptions"):
        raise NotHonoured("secretOptions in logConfiguration")
    group = options.pop("awslogs-group", LOG_GROUP)
    prefix = options.pop("awslogs-stream-prefix", definition_name)
    options.pop("awslogs-region", None)
    options.pop("awslogs-create-group", None)
    if options:
        raise NotHonoured(f"{', '.join(sorted(options))} in logConfiguration")
    return group, prefix[:200]
