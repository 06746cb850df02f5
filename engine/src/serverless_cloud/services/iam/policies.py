"""Policies that moto lacks, drops or misreads.

- `IAMBackend.attach_role_policy`, `attach_user_policy`, `attach_group_policy`, `get_policy`, `list_policies`: moto has
  AWS's own managed policies (AWSLambdaBasicExecutionRole and so on) only if all 1,500 are loaded at each start and
  reset. Here one is made when it is asked for by its ARN, all of them when they are listed.
- `FakeBucket.get_permission`: moto denies everybody what an Allow with a condition does not allow, and takes no notice
  of most conditions. Here a bucket's policy is evaluated for an anonymous caller, as moto means it.
- `BaseIAMPolicyValidator._validate_version`: IAM takes a policy without Version for one of 2008-10-17; moto refuses it.
  The policies that SAM writes from its templates have none (IAM User Guide, "IAM JSON policy elements: Version").
"""

from __future__ import annotations

import json

from moto.iam import models
from moto.iam.access_control import PermissionResult
from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.policy_validation import BaseIAMPolicyValidator
from moto.s3.models import FakeBucket

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.once import once
from serverless_cloud.core.patches import Patch, Service
from serverless_cloud.iam.policies import Principal, Request, Verdict, parsed

patches = Service(
    "iam",
    defect="engine/tests/iam/test_iam_patches.py::test_stock_moto_still_has_the_defect[aws_s_own_policies_are_missing]",
)

_AWS = "arn:aws:iam::aws:policy/"
_RESULTS = {
    Verdict.ALLOW: PermissionResult.PERMITTED,
    Verdict.DENY: PermissionResult.DENIED,
    Verdict.NOTHING: PermissionResult.NEUTRAL,
}
_ANONYMOUS = Principal("anonymous", frozenset(), "anonymous")


@once()
def _all_of_aws() -> dict[str, tuple[str, JsonObject]]:
    """Name and content of AWS's managed policies by ARN, as moto carries them."""
    content: dict[str, JsonObject] = json.loads(aws_managed_policies_data)
    return {f"{_AWS[:-1]}{data['Path']}{name}": (name, data) for name, data in content.items()}


def _make(backend: models.IAMBackend, arn: str) -> None:
    """Puts one of AWS's policies into moto, if there is one and it is not there."""
    if arn.startswith(_AWS) and arn not in backend.managed_policies and (found := _all_of_aws().get(arn)):
        policy = models.AWSManagedPolicy.from_data(found[0], backend.account_id, backend.region_name, found[1])
        backend.managed_policies[arn] = policy
        backend.aws_managed_policies.append(policy)


@patches.replaces("moto.iam.models:IAMBackend.list_policies")
def list_policies(
    backend: models.IAMBackend, marker: str | None, max_items: int, only_attached: bool, path_prefix: str, scope: str
) -> tuple[list[models.Policy], str | None]:
    if scope != "Local" and not only_attached:
        for arn in _all_of_aws():
            _make(backend, arn)
    return list_policies.original(backend, marker, max_items, only_attached, path_prefix, scope)


@patches.replaces(
    "moto.s3.models:FakeBucket.get_permission",
    defect="engine/tests/iam/test_iam_patches.py::test_stock_moto_still_has_the_defect[a_deny_with_a_condition_shuts_out_everybody]",
    upstream="A bucket's Allow with a condition denies nobody else.",
)
def get_permission(bucket: FakeBucket, action: str, resource: str) -> PermissionResult:
    if bucket.policy is None:
        return PermissionResult.NEUTRAL
    keys = {"aws:securetransport": ["true"], "aws:sourceip": ["127.0.0.1"]}
    try:
        verdict = parsed(bucket.policy.decode()).says(Request(action, resource, keys), _ANONYMOUS)
    except ValueError:  # not a policy, or it uses something unsupported, so it allows nothing
        return PermissionResult.NEUTRAL
    return _RESULTS[verdict]


@patches.replaces(
    "moto.iam.policy_validation:BaseIAMPolicyValidator._validate_version",
    defect="engine/tests/iam/test_iam_patches.py::test_stock_moto_still_has_the_defect[a_policy_needs_a_version]",
    upstream="A policy without Version is one of 2008-10-17.",
)
def _validate_version(validator: BaseIAMPolicyValidator) -> None:
    if "Version" in validator._policy_json:
        _validate_version.original(validator)


@patches.replaces_each(
    "moto.iam.models:IAMBackend",
    ("attach_role_policy", "attach_user_policy", "attach_group_policy", "get_policy"),
    expects={
        "attach_role_policy": "self, policy_arn, role_name",
        "attach_user_policy": "self, policy_arn, user_name",
        "attach_group_policy": "self, policy_arn, group_name",
        "get_policy": "self, policy_arn",
    },
)
def _call_with_policy(
    patch: Patch[..., object], /, backend: models.IAMBackend, policy_arn: str, *more: object, **named: object
) -> object:
    _make(backend, policy_arn)
    return patch.original(backend, policy_arn, *more, **named)
