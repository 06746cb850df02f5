#: breaks: visibility
#: expects: another visibility timeout than step 2.*came back: 60 s
#: because: six times the worker's timeout, as AWS recommends
#: replaces: 2
#: changes: gap 1
-      VisibilityTimeout: 15
+      VisibilityTimeout: 60
