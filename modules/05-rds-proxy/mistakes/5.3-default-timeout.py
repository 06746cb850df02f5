#: breaks: error-in-time
#: expects: waits 120 s for the error
#: because: The learner sets only the size, so customers that can't be served wait two minutes for the error.
rds.modify_db_proxy_target_group(
    DBProxyName="orders-proxy",
    TargetGroupName="default",
    ConnectionPoolConfig={"MaxConnectionsPercent": 50},
)
