#: breaks: processor-time
#: expects: in a later call or in a thread
#: because: A thread imports the libraries while customers are already served, so nobody seems to wait for them.
#: changes: gap 1
 import json
+import threading
@@
+def load_libraries():
+    global boto3, jsonschema
+    import boto3
+    import jsonschema
+
+
+libraries = threading.Thread(target=load_libraries, daemon=True)
+libraries.start()
+
+
 def handler(event, context):
@@
     """Runs once a night, so here the libraries are worth the wait."""
-    import boto3
-    import jsonschema
+    libraries.join()
