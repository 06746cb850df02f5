#: breaks: two-seconds
#: expects: the handler fails because of it.*takes 2.8 s
#: because: URLError is thought to be the only thing that can happen besides a status.
#: changes: gap 1
-    except OSError:
+    except (urllib.error.URLError, ConnectionError):
