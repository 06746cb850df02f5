#: expects: refuses the function's login
#: because: The proxy is given the master user's login, and the function comes as orders_app.
if "orders-proxy" in [proxy["DBProxyName"] for proxy in rds.describe_db_proxies()["DBProxies"]]:
    rds.delete_db_proxy(DBProxyName="orders-proxy")
if "orders-login" in [secret["Name"] for secret in secrets.list_secrets()["SecretList"]]:
    secrets.delete_secret(SecretId="orders-login", ForceDeleteWithoutRecovery=True)

login = secrets.create_secret(
    Name="orders-login",
    SecretString=json.dumps({"username": "hikari", "password": database.passwords["hikari"]}),
)
rds.create_db_proxy(
    DBProxyName="orders-proxy",
    EngineFamily="POSTGRESQL",
    Auth=[{"AuthScheme": "SECRETS", "SecretArn": login["ARN"]}],
    RoleArn=ROLE_ARN,
    VpcSubnetIds=SUBNET_IDS,
)
rds.modify_db_proxy_target_group(
    DBProxyName="orders-proxy", TargetGroupName="default", ConnectionPoolConfig={"MaxConnectionsPercent": 50}
)
_ = rds.register_db_proxy_targets(DBProxyName="orders-proxy", DBInstanceIdentifiers=["orders-db"])
