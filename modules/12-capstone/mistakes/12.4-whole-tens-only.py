#: breaks: event-for-each
#: expects: Not every order of a large batch is announced.*10 of 12 orders announced
#: because: counts whole calls of ten, and forgets the rest
#: changes: gap 1
-    for first in range(0, len(entries), 10):
-        answer = events.put_events(Entries=entries[first : first + 10])
+    for number in range(max(1, len(entries) // 10) if entries else 0):
+        answer = events.put_events(Entries=entries[10 * number : 10 * number + 10])
