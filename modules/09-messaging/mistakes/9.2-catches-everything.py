#: breaks: real-error
#: expects: reports success
#: because: takes every exception for a repetition
#: changes: gap 1
-        except packages.meta.client.exceptions.ConditionalCheckFailedException:
+        except Exception:
