#: breaks: errors-come-back
#: expects: could not be written counts as done.*InternalServerError
#: because: only throttling passes by itself, so any other error means that the event is late
#: replaces: 2
#: changes: gap 1
-    except table.meta.client.exceptions.ConditionalCheckFailedException:
-        print("late or repeated:", event["detail-type"])
+    except table.meta.client.exceptions.ClientError as error:
+        if error.response["Error"]["Code"] in ("ProvisionedThroughputExceededException", "ThrottlingException"):
+            raise
+        print("late or repeated:", event["detail-type"])
