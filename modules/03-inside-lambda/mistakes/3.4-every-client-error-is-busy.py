#: breaks: other-errors
#: expects: takes each error of the call for a refusal
#: because: boto3's refusals are ClientErrors, so each ClientError is taken for a refusal.
#: replaces: 2
#: changes: gap 1
+    from botocore.exceptions import ClientError
+
     wait_s = 0.1
@@
-        except functions.exceptions.TooManyRequestsException:
+        except ClientError:
