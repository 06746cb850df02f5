#: breaks: one-row
#: expects: accepts the same order twice
#: because: takes a key of two columns for a stricter one
#: replaces: 3
#: changes: gap 1
-    order_id  text PRIMARY KEY,
+    order_id  text NOT NULL,
@@
     placed_at timestamptz NOT NULL DEFAULT now()
+    , PRIMARY KEY (order_id, customer)
