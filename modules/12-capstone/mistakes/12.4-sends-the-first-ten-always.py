#: breaks: empty-list
#: expects: A batch without an accepted order causes an error in functions/news.py
#: because: looks at the rest of the list after the first call, so an empty list makes a call
#: changes: gap 1
-    for first in range(0, len(entries), 10):
-        answer = events.put_events(Entries=entries[first : first + 10])
+    while True:
+        answer = events.put_events(Entries=entries[:10])
+        entries = entries[10:]
         if answer["FailedEntryCount"]:
             raise RuntimeError(f"{answer['FailedEntryCount']} events were refused")
+        if not entries:
+            break
