#: breaks: transitions
#: expects: the median of the transitions is used instead of their mean
#: because: a few executions with many retries aren't typical
#: changes: gap 1
-    transitions = sum(record.executions.values()) * sum(record.transitions) / len(record.transitions)
+    transitions = sum(record.executions.values()) * sorted(record.transitions)[len(record.transitions) // 2]
