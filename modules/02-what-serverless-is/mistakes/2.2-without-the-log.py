#: breaks: log-policy
#: expects: can no longer write its log
#: because: The learner takes AWS's policy away, because it isn't one of the two rights.
allow_everything()  # if you run this cell again, it starts from what the auditor found

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
