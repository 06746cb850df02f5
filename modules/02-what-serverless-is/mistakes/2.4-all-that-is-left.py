#: breaks: in-time
#: expects: until Lambda ends the call.*hangs halfway.*starts again with each piece
#: because: The learner waits for what is left of the function's time, but each piece of the reply restarts the wait.
#: changes: gap 1
-        with urllib.request.urlopen(url, timeout=1.5) as answer:
+        with urllib.request.urlopen(url, timeout=context.get_remaining_time_in_millis() / 1000 - 0.1) as answer:
