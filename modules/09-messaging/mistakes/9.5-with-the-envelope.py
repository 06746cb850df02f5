#: expects: envelope
#: because: does not ask for the raw message
#: when: nightly
#: changes: gap 1
-        Attributes={"RawMessageDelivery": "true", **wanted},
+        Attributes={**wanted},
