#: breaks: late-is-fine
#: expects: A late event causes an error in your projector
#: because: a condition that does not hold is an error like any other
#: replaces: 2
#: changes: gap 1
-        print("late or repeated:", event["detail-type"])
+        raise
