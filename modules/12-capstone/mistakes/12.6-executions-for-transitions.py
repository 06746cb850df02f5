#: breaks: transitions
#: expects: executions are counted, but transitions are billed
#: because: one execution, one fee
#: changes: gap 1
-    transitions = sum(record.executions.values()) * sum(record.transitions) / len(record.transitions)
+    transitions = sum(record.executions.values())
