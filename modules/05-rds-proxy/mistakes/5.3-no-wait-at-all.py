#: breaks: served
#: expects: turned away after 0 s
#: because: Not waiting at all looks best.
rds.modify_db_proxy_target_group(
    DBProxyName="orders-proxy",
    TargetGroupName="default",
    ConnectionPoolConfig={"MaxConnectionsPercent": 50, "ConnectionBorrowTimeout": 0},
)
