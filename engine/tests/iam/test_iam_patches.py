"""Where permissions hand over to moto: this fails when moto changes under the patches, so that somebody looks."""

from __future__ import annotations

from moto.awslambda import models
from moto.iam.models import Role
from moto.sts.models import AssumedRole

from kits import patch_kit

#: Without our patches: each function shows one defect, and answers True while moto has it.
STOCK = """
from moto.iam.access_control import IAMPolicyStatement, PermissionResult

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
    make_function(); add(); add()
    return len(json.loads(lam.get_policy(FunctionName="price")["Policy"])["Statement"]) == 2

def a_role_is_no_principal_of_aws():
    make_function()
    return isinstance(add(Principal="arn:aws:iam::123456789012:role/hikari")["Principal"], str)

def the_auth_type_of_a_url_is_no_condition():
    make_function()
    return "Condition" not in add(Action="lambda:InvokeFunctionUrl", Principal="*", FunctionUrlAuthType="NONE")

def of_two_conditions_one_is_lost():
    make_function()
    made = add(PrincipalOrgID="o-a1b2c3d4e5", SourceAccount="123456789012")
    return len(made["Condition"]["StringEquals"]) == 1

def the_policy_of_a_version_is_shown_for_all():
    make_function(); lam.publish_version(FunctionName="price"); add(Qualifier="1")
    return refused(lam.get_policy, FunctionName="price") is None

def a_revision_never_matches():
    make_function(); add()
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


def test_moto_still_keeps_what_the_directory_reads() -> None:
    for owner, parts in (
        (AssumedRole, ("session_token", "expiration", "session_name", "role_arn", "policy", "access_key_id")),
        (Role, ("self.policies", "self.managed_policies", "permissions_boundary_arn", "assume_role_policy_document")),
        (models.LambdaStorage, ('self._functions[fn.function_name]["latest"]',)),
    ):
        patch_kit.assert_keeps(owner, parts, "iam_enforcement.py")


test_every_defect_is_listed, test_stock_moto_still_has_the_defect = patch_kit.tests_of(
    STOCK, DEFECTS, lam="lambda", iam="iam"
)
