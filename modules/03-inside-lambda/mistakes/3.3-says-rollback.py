#: breaks: rolls-back
#: expects: The alias or the answer is wrong
#: because: The learner names the decision in their own words.
#: replaces: 2
#: changes: gap 1
-    return {"action": "rolled back" if failed else "promoted"}
+    return {"action": "rollback" if failed else "promoted"}
