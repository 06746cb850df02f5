#: breaks: target
#: expects: No database is behind the proxy
#: because: The learner fixes what the first error names, and expects the proxy to find the database by itself.
#: changes: gap 1
 )
-rds.register_db_proxy_targets(DBProxyName="orders-proxy", DBInstanceIdentifiers=["orders-db"])
