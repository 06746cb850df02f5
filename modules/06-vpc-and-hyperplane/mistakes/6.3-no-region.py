#: breaks: both-services
#: expects: its ServiceName doesn't name a Region
#: because: A service of AWS is thought to have one name everywhere.
#: changes: gap 1
-        ServiceName=f"com.amazonaws.{aws.region}.{service}",
+        ServiceName=f"com.amazonaws.{service}",
