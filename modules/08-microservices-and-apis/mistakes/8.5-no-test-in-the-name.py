#: breaks: four-cases
#: expects: finds no test
#: because: pytest is thought to run every function.
#: changes: gap 1
-def test_a_good_order_is_stored():
+def a_good_order_is_stored():
@@
-def test_too_many_lamps_are_refused():
+def too_many_lamps_are_refused():
@@
-def test_an_unknown_order_is_not_found():
+def an_unknown_order_is_not_found():
@@
-def test_the_same_key_changes_nothing():
+def the_same_key_changes_nothing():
