#: breaks: short-wait
#: expects: tries again without a wait.*came back: .*connections: \d{2,};.*rows: 1
#: because: The next attempt is thought to cost nothing.
#: replaces: 2
#: changes: gap 2
-            time.sleep(wait_s)
-            wait_s *= 2
