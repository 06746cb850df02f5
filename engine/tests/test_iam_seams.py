"""Where permissions hand over to moto: this fails when moto changes under the seams, so that somebody looks."""

from __future__ import annotations

import functools
import inspect
from typing import Any

import pytest
from moto.awslambda import models
from moto.iam.models import Role
from moto.sts.models import AssumedRole

from kits import seam_kit

LOOK: str = seam_kit.LOOK


#: Without our seams: each function shows one defect, and answers True while moto has it.
STOCK = """
import inspect, io, json, zipfile
import boto3, moto
from botocore.exceptions import ClientError
from moto.iam.access_control import IAMPolicyStatement, PermissionResult

def make():
    role = iam.create_role(RoleName="hikari", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("price.py", "")
    lam.create_function(FunctionName="price", Runtime="python3.13", Handler="price.handler", Role=role,
                        Code={"ZipFile": buffer.getvalue()})

def add(**more):
    given = {"FunctionName": "price", "StatementId": "one", "Action": "lambda:InvokeFunction",
             "Principal": "sns.amazonaws.com"}
    return json.loads(lam.add_permission(**given | more)["Statement"])

def refused(call, **more):
    try:
        call(**more)
    except Exception as error:
        return error
    return None

def a_statement_id_is_taken_twice():
    make(); add(); add()
    return len(json.loads(lam.get_policy(FunctionName="price")["Policy"])["Statement"]) == 2

def a_role_is_no_principal_of_aws():
    make()
    return isinstance(add(Principal="arn:aws:iam::123456789012:role/hikari")["Principal"], str)

def the_auth_type_of_a_url_is_no_condition():
    make()
    return "Condition" not in add(Action="lambda:InvokeFunctionUrl", Principal="*", FunctionUrlAuthType="NONE")

def of_two_conditions_one_is_lost():
    make()
    made = add(PrincipalOrgID="o-a1b2c3d4e5", SourceAccount="123456789012")
    return len(made["Condition"]["StringEquals"]) == 1

def the_policy_of_a_version_is_shown_for_all():
    make(); lam.publish_version(FunctionName="price"); add(Qualifier="1")
    return refused(lam.get_policy, FunctionName="price") is None

def a_revision_never_matches():
    make(); add()
    revision = lam.get_policy(FunctionName="price")["RevisionId"]
    return refused(lam.remove_permission, FunctionName="price", StatementId="one", RevisionId=revision) is not None

def aws_s_own_policies_are_missing():
    arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    return refused(iam.get_policy, PolicyArn=arn) is not None

def a_policy_needs_a_version():
    document = json.dumps({"Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]})
    return refused(iam.create_policy, PolicyName="send", PolicyDocument=document) is not None

def a_deny_with_a_condition_shuts_out_everybody():
    s3 = boto3.client("s3", "us-east-1")
    s3.create_bucket(Bucket="hikari")
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::hikari/*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    s3.put_bucket_policy(Bucket="hikari", Policy=json.dumps({"Statement": [deny]}))
    return refused(s3.put_object, Bucket="hikari", Key="lamp") is not None

def a_condition_that_does_not_hold_denies():
    given = {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"StringEquals": {"a:b": "x"}}}
    return IAMPolicyStatement(given).is_action_permitted("s3:a", "*", None, {"a:b": "y"}) is PermissionResult.DENIED

def a_deny_without_a_resource_permits():
    given = {"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::x"}
    return IAMPolicyStatement(given).is_action_permitted("s3:a", "arn:aws:s3:::y") is PermissionResult.PERMITTED

def actions_are_compared_by_case():
    given = {"Effect": "Allow", "Action": "S3:GETOBJECT", "Resource": "*"}
    return IAMPolicyStatement(given).is_action_permitted("s3:GetObject", "x") is PermissionResult.NEUTRAL

found = {}
for name, show in [(n, f) for n, f in globals().items() if inspect.isfunction(f) and n.count("_") > 2]:
    with moto.mock_aws(config={"lambda": {"use_docker": False}}):
        lam, iam = boto3.client("lambda", "us-east-1"), boto3.client("iam", "us-east-1")
        try:
            found[name] = show()
        except Exception as error:
            found[name] = f"{type(error).__name__}: {error}"
print(json.dumps(found))
"""

DEFECTS = {
    "a_statement_id_is_taken_twice": "lambda_/permissions.py",
    "a_role_is_no_principal_of_aws": "lambda_/permissions.py",
    "the_auth_type_of_a_url_is_no_condition": "lambda_/permissions.py",
    "of_two_conditions_one_is_lost": "lambda_/permissions.py",
    "the_policy_of_a_version_is_shown_for_all": "lambda_/permissions.py",
    "a_revision_never_matches": "lambda_/permissions.py",
    "aws_s_own_policies_are_missing": "iam/policies.py",
    "a_policy_needs_a_version": "iam/policies.py",
    "a_deny_with_a_condition_shuts_out_everybody": "iam/policies.py",
    "a_condition_that_does_not_hold_denies": "iam/enforcement.py",
    "a_deny_without_a_resource_permits": "iam/enforcement.py",
    "actions_are_compared_by_case": "iam/enforcement.py",
}


@functools.cache
def _stock() -> dict[str, Any]:
    """What stock moto does, from a process without our seams; run once."""
    return dict(seam_kit.stock(STOCK))


def test_moto_still_keeps_what_the_directory_reads() -> None:
    for owner, parts in (
        (AssumedRole, ("session_token", "expiration", "session_name", "role_arn", "policy", "access_key_id")),
        (Role, ("self.policies", "self.managed_policies", "permissions_boundary_arn", "assume_role_policy_document")),
        (models.LambdaStorage, ('self._functions[fn.function_name]["latest"]',)),
    ):
        source = inspect.getsource(owner)
        for part in parts:
            assert part in source, f"{owner.__name__}: {part} is gone; {LOOK.format('iam_enforcement.py')}"


@seam_kit.asks_stock_moto
def test_every_defect_is_shown() -> None:
    assert set(_stock()) == set(DEFECTS)


@pytest.mark.parametrize("defect", DEFECTS)
@seam_kit.asks_stock_moto
def test_stock_moto_still_has_the_defect(defect: str) -> None:
    seam = DEFECTS[defect]
    assert _stock()[defect] is True, f"moto has changed: not any more: {defect}; {LOOK.format(seam)}"
