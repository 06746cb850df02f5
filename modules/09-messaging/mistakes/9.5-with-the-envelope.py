#: breaks: raw
#: expects: envelope
#: because: does not ask for the raw message
#: changes: gap 1
-        Attributes={"RawMessageDelivery": "true", **wanted},
+        Attributes={**wanted},
