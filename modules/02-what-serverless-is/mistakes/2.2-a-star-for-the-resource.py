#: expects: The role may use them on everything of that kind
#: because: The ARN is left for later: the actions are few.
allow_everything()  # as found, should this cell run again

policy = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*"},
        {"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": "*"},
    ],
}
iam.put_role_policy(RoleName="hikari-payment", PolicyName="payment", PolicyDocument=json.dumps(policy))
iam.delete_role_policy(RoleName="hikari-payment", PolicyName="everything")

for name in ("hikari-payment", "hikari-deployer"):
    print(name, iam.list_role_policies(RoleName=name)["PolicyNames"])
