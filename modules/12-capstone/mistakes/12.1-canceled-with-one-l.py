#: breaks: columns
#: expects: A good order cannot be written to your table.*came back: .*check constraint
#: because: lists the three statuses, and spells one as Americans do
#: replaces: 3
#: changes: gap 1
-    status    text NOT NULL DEFAULT 'accepted' CHECK (status IN ('accepted', 'paid', 'cancelled')),
+    status    text NOT NULL DEFAULT 'accepted' CHECK (status IN ('accepted', 'paid', 'canceled')),
