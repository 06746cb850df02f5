#: breaks: rejected
#: expects: A bad order \(a body that is not JSON\) causes an error in the shop
#: because: takes for granted that the body is JSON
#: changes: gap 1
-    except (ValueError, KeyError, TypeError):
+    except (KeyError, TypeError):
