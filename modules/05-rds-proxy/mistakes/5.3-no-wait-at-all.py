#: expects: turned away after 0 s
#: because: A waiting time of zero looks like the best one.
rds.modify_db_proxy_target_group(
    DBProxyName="orders-proxy",
    TargetGroupName="default",
    ConnectionPoolConfig={"MaxConnectionsPercent": 50, "ConnectionBorrowTimeout": 0},
)
