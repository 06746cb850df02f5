#: breaks: duration
#: expects: the memory of the functions is not counted
#: because: Lambda bills time
#: changes: gap 1
-    gb_s = sum(use.billed_ms / 1000 * use.memory_mb / 1024 for use in record.functions)
+    gb_s = sum(use.billed_ms / 1000 for use in record.functions)
