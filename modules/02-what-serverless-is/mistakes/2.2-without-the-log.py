#: expects: may no longer write its log
#: because: AWS's policy is taken away, since it is not among the two rights.
allow_everything()  # as found, should this cell run again

policy = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": SECRET_ARN},
        {"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": PAYMENTS_ARN},
    ],
}
iam.put_role_policy(RoleName="hikari-payment", PolicyName="payment", PolicyDocument=json.dumps(policy))
iam.delete_role_policy(RoleName="hikari-payment", PolicyName="everything")
iam.detach_role_policy(RoleName="hikari-payment", PolicyArn=BASIC)

for name in ("hikari-payment", "hikari-deployer"):
    print(name, iam.list_role_policies(RoleName=name)["PolicyNames"])
