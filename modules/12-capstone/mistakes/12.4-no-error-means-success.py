#: breaks: rejected-events
#: expects: reports the order as done.*put_events returns a FailedEntryCount of 1
#: because: a call that raises no error has worked
#: changes: gap 1
-        answer = events.put_events(Entries=entries[first : first + 10])
-        if answer["FailedEntryCount"]:
-            raise RuntimeError(f"{answer['FailedEntryCount']} events were refused")
+        events.put_events(Entries=entries[first : first + 10])
