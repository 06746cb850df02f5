#: expects: the role may do more with it than the payment function needs
#: because: The table and the secret are right, so the actions are thought not to matter.
allow_everything()  # as found, should this cell run again

policy = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "secretsmanager:*", "Resource": SECRET_ARN},
        {"Effect": "Allow", "Action": "dynamodb:*", "Resource": PAYMENTS_ARN},
    ],
}
iam.put_role_policy(RoleName="hikari-payment", PolicyName="payment", PolicyDocument=json.dumps(policy))
iam.delete_role_policy(RoleName="hikari-payment", PolicyName="everything")

for name in ("hikari-payment", "hikari-deployer"):
    print(name, iam.list_role_policies(RoleName=name)["PolicyNames"])
