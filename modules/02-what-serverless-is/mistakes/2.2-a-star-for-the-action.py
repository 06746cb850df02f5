#: breaks: only-two-permissions
#: expects: the role allows more on it than the payment function needs
#: because: The table and the secret are right, so the learner thinks that the actions don't matter.
allow_everything()  # if you run this cell again, it starts from what the auditor found

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
