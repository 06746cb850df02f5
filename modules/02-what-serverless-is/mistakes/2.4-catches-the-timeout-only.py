#: breaks: unreachable
#: expects: ends with an error.*is not there
#: because: The learner catches the error that they have seen.
#: changes: gap 1
-    except OSError:
+    except TimeoutError:
