#: breaks: digits
#: expects: lost_requests is rounded
#: because: Part of a request makes no sense, so the learner rounds.
#: changes: gap 1
-        "lost_requests": lost_per_s * 60,
+        "lost_requests": round(lost_per_s * 60),
