#: breaks: all-events
#: expects: also sends events from other sources.*came back: .*prefix.*hikari.orders.archive
#: because: a prefix matches the source as well, and is ready for more
#: replaces: 3
#: changes: gap 1
-      EventPattern: {source: [hikari.orders]}
+      EventPattern: {source: [{prefix: hikari.orders}]}
