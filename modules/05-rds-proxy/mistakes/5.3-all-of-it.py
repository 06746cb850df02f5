#: breaks: loyalty
#: expects: Together, the two proxies may take 115%
#: because: The learner sets the proxy as if it were the only one.
rds.modify_db_proxy_target_group(
    DBProxyName="orders-proxy",
    TargetGroupName="default",
    ConnectionPoolConfig={"MaxConnectionsPercent": 100, "ConnectionBorrowTimeout": 2},
)
