#: breaks: right-role
#: expects: The role hikari-payment is right, but hikari-deployer now also has a policy
#: because: The learner creates one policy of their own and attaches it to both roles.
#: changes: gap 1
-iam.put_role_policy(RoleName="hikari-payment", PolicyName="payment", PolicyDocument=json.dumps(policy))
+own = iam.create_policy(PolicyName="hikari-payment", PolicyDocument=json.dumps(policy))["Policy"]["Arn"]
+for name in ("hikari-payment", "hikari-deployer"):
+    iam.attach_role_policy(RoleName=name, PolicyArn=own)
