#: breaks: statement
#: expects: This statement doesn't pin
#: because: SET LOCAL is taken for SET, although it ends with its transaction.
#: changes: gap 1
-finding = {"function": "search", "statement": "SET statement_timeout = '500ms'"}
+finding = {"function": "search", "statement": "SET LOCAL statement_timeout = '500ms'"}
