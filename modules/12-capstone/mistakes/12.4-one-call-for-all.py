#: expects: A large batch is an error|not each order is told
#: because: one call takes a list, however long
#: changes: gap 1
-    for first in range(0, len(entries), 10):
-        answer = events.put_events(Entries=entries[first : first + 10])
-        if answer["FailedEntryCount"]:
-            raise RuntimeError(f"{answer['FailedEntryCount']} events were not taken")
+    if entries:
+        events.put_events(Entries=entries)
