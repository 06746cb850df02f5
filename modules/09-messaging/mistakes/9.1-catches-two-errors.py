#: breaks: others
#: expects: can't print stops the worker.*ValidationException
#: because: lists the errors of Python, though DynamoDB has its own
#: replaces: 2
#: changes: gap 1
-            except Exception as error:
+            except (ValueError, TypeError, KeyError) as error:
