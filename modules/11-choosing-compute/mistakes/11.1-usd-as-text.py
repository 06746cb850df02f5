#: breaks: usd
#: expects: usd is not a number
#: because: A price with two decimals is thought to be a text.
#: changes: gap 1
-        return usd
+        return f"{usd:.2f}"
