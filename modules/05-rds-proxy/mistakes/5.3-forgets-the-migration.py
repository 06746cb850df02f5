#: expects: the migration gets no seat
#: because: The proxies are counted, and whoever comes without one is forgotten.
rds.modify_db_proxy_target_group(
    DBProxyName="orders-proxy",
    TargetGroupName="default",
    ConnectionPoolConfig={"MaxConnectionsPercent": 60, "ConnectionBorrowTimeout": 2},
)
