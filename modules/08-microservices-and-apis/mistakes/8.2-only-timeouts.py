#: breaks: any-error
#: expects: the handler fails because of it.*hangs up without a response
#: because: Without a status, it can only be the time limit.
#: changes: gap 1
-    except OSError:
+    except TimeoutError:
