#: expects: No database stands behind the proxy
#: because: The proxy is thought to find the database by itself.
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
    DBProxyName="orders-proxy", TargetGroupName="default", ConnectionPoolConfig={"MaxConnectionsPercent": 50}
)
