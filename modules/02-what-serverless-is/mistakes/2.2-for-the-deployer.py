#: expects: the function runs as hikari-payment
#: because: Who deploys the function is thought to need the right.
allow_everything()  # as found, should this cell run again

policy = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": SECRET_ARN},
        {"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": PAYMENTS_ARN},
    ],
}
iam.put_role_policy(RoleName="hikari-deployer", PolicyName="payment", PolicyDocument=json.dumps(policy))
iam.delete_role_policy(RoleName="hikari-payment", PolicyName="everything")

for name in ("hikari-payment", "hikari-deployer"):
    print(name, iam.list_role_policies(RoleName=name)["PolicyNames"])
