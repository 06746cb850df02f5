#: breaks: other-errors
#: expects: canceled, but your function answers as if the order had been placed
#: because: The handler ignores the error of a canceled query.
#: replaces: 2
#: changes: gap 2
-        except psycopg.OperationalError:
+        except psycopg.errors.QueryCanceled:
+            return {"order": None}
+        except psycopg.OperationalError:
