#: expects: The old policy is still there
#: because: A narrow policy is thought to narrow what was there.
allow_everything()  # as found, should this cell run again

policy = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": SECRET_ARN},
        {"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": PAYMENTS_ARN},
    ],
}
iam.put_role_policy(RoleName="hikari-payment", PolicyName="payment", PolicyDocument=json.dumps(policy))

for name in ("hikari-payment", "hikari-deployer"):
    print(name, iam.list_role_policies(RoleName=name)["PolicyNames"])
