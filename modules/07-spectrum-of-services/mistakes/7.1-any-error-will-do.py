#: breaks: second-refused
#: expects: raises an error other than OrderExists
#: because: Any error is taken for the refusal.
#: changes: gap 1
-    except OrderExists:
+    except Exception:
