#: expects: cancelled, and your function answers as if all were well
#: because: The handler ignores the error of a canceled query.
#: replaces: 2
#: changes: gap 2
-        except psycopg.OperationalError:
+        except psycopg.errors.QueryCanceled:
+            return {"order": None}
+        except psycopg.OperationalError:
