#: breaks: migration
#: expects: the migration doesn't get a seat
#: because: The learner counts the proxies, and forgets a client that doesn't use a proxy.
rds.modify_db_proxy_target_group(
    DBProxyName="orders-proxy",
    TargetGroupName="default",
    ConnectionPoolConfig={"MaxConnectionsPercent": 60, "ConnectionBorrowTimeout": 2},
)
