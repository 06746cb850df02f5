#: expects: waits 120 s to hear so
#: because: The size alone is set; who cannot be served waits two minutes for that news.
rds.modify_db_proxy_target_group(
    DBProxyName="orders-proxy",
    TargetGroupName="default",
    ConnectionPoolConfig={"MaxConnectionsPercent": 50},
)
