#: breaks: ten-a-call
#: expects: A large batch causes an error|Not every order of a large batch is announced
#: because: one call takes a list, however long
#: changes: gap 1
-    for first in range(0, len(entries), 10):
-        answer = events.put_events(Entries=entries[first : first + 10])
-        if answer["FailedEntryCount"]:
-            raise RuntimeError(f"{answer['FailedEntryCount']} events were refused")
+    if entries:
+        events.put_events(Entries=entries)
