#: breaks: reports
#: expects: or can be, are reported as failed
#: because: takes the refusal of the condition for a failure, so duplicates become dead letters
#: changes: gap 1
-        print("already packed:", order["order_id"])
+        raise ValueError("already packed") from None
