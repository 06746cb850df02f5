#: breaks: the-rest-stays
#: expects: There is a multiple.*which numbers of the workload grow
#: because: Every number of the workload is thought to grow.
#: changes: gap 1
-        for key in ("requests", "busy_per_s", "quiet_per_s", "load_balancer_units"):
+        for key in ("requests", "busy_per_s", "quiet_per_s", "load_balancer_units", "least_tasks"):
