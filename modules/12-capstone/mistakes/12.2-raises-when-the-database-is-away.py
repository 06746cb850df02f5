#: breaks: failures
#: expects: One message that fails ends the whole call.*came back: CannotConnectNow.*look at: worker\.py, line \d+
#: because: without a database nothing can be written, so the whole batch shall come back
#: changes: gap 1
         except Exception as error:
+            if isinstance(error, psycopg.OperationalError):
+                raise
