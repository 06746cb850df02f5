#: expects: Together the two proxies may take 115 %
#: because: Each proxy is set as if it were alone.
rds.modify_db_proxy_target_group(
    DBProxyName="orders-proxy",
    TargetGroupName="default",
    ConnectionPoolConfig={"MaxConnectionsPercent": 100, "ConnectionBorrowTimeout": 2},
)
