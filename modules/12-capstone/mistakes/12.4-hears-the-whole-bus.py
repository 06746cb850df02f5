#: breaks: all-events
#: expects: also sends events from other sources to the projector
#: because: all that Hikari announces begins with hikari
#: replaces: 3
#: changes: gap 1
-      EventPattern: {source: [hikari.orders]}
+      EventPattern: {source: [{prefix: hikari.}]}
