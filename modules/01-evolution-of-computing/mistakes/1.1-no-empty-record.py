#: breaks: empty-record
#: expects: ended with an error.*fleet\(\[\].*fixed.py, line
#: because: The learner thinks that each record has a busiest minute.
#: changes: gap 1
-        "servers_needed": math.ceil(max(per_s, default=0) / per_server_s),
+        "servers_needed": math.ceil(max(per_s) / per_server_s),
