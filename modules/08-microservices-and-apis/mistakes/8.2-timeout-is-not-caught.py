#: expects: the handler fails because of it, or times out itself
#: because: URLError is thought to be the only thing that can happen besides a status.
#: changes: gap 1
-    except OSError:
+    except ConnectionRefusedError:
