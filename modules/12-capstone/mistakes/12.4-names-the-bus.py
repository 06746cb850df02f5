#: breaks: bus-variable
#: expects: has the wrong EventBusName.*came back: EventBusName: hikari
#: because: the bus is called hikari, as base.yaml says
#: changes: gap 1
-            "EventBusName": os.environ["BUS"],
+            "EventBusName": "hikari",
