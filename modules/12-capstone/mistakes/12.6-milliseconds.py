#: breaks: duration
#: expects: milliseconds are treated as seconds
#: because: billed_ms is billed
#: changes: gap 1
-    gb_s = sum(use.billed_ms / 1000 * use.memory_mb / 1024 for use in record.functions)
+    gb_s = sum(use.billed_ms * use.memory_mb / 1024 for use in record.functions)
