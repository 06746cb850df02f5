#: expects: gives the key to others than the provider
#: because: It is returned to see that the new key has come.
#: changes: gap 1
-    return {"charged_yen": answer["charged_yen"]}
+    return {"charged_yen": answer["charged_yen"], "key": key}
