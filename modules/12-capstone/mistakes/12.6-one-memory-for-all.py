#: breaks: duration
#: expects: the memory of one function is used for all functions
#: because: the template sets the memory once, for all functions
#: changes: gap 1
-    gb_s = sum(use.billed_ms / 1000 * use.memory_mb / 1024 for use in record.functions)
+    gb_s = sum(use.billed_ms for use in record.functions) / 1000 * record.functions[0].memory_mb / 1024
