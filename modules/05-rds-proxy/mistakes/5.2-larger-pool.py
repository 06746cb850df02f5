#: expects: A larger pool .* hides this
#: because: More connections look like the fix, but the next customers use them up as well.
#: replaces: 2
before = Path("search.py").read_text()
Path("freed.py").write_text(before)
rds.modify_db_proxy_target_group(
    DBProxyName="orders-proxy", TargetGroupName="default", ConnectionPoolConfig={"MaxConnectionsPercent": 75}
)
