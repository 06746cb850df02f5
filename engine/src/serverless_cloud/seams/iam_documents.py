"""Seam: policies without a version (moto 5.2.5).

Replaced: `BaseIAMPolicyValidator._validate_version`. IAM takes a policy without Version for one of 2008-10-17; moto
refuses it. The policies that SAM writes from its templates have none.

Source: IAM User Guide, "IAM JSON policy elements: Version". Worth an upstream change.
"""

from __future__ import annotations

from typing import Any

from moto.iam.policy_validation import BaseIAMPolicyValidator


def install(_: object) -> None:
    """Puts IAM's rule in moto's place."""
    validator: Any = BaseIAMPolicyValidator
    moto_validate = validator._validate_version

    def validate(self: Any) -> None:
        if "Version" in self._policy_json:
            moto_validate(self)

    validator._validate_version = validate
