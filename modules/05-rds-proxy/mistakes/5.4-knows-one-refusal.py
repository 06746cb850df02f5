#: breaks: other-errors
#: expects: repeats an order that can never succeed.*"quantity": "two"
#: because: The lab names one order that stays invalid, so every other error is taken for a lost connection.
#: replaces: 2
#: changes: gap 2
-        except psycopg.OperationalError:
-            lost = connection is None or connection.closed
+        except psycopg.errors.IntegrityError:
+            raise
+        except psycopg.Error as error:
+            lost = connection is None or connection.closed or not isinstance(error, psycopg.OperationalError)
