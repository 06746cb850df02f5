#: breaks: not-returned
#: expects: reveals the key to others besides the provider
#: because: The learner returns the key to see that the new key has come.
#: changes: gap 1
-    return {"charged_yen": answer["charged_yen"]}
+    return {"charged_yen": answer["charged_yen"], "key": key}
