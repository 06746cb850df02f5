#: breaks: each-card
#: expects: Not every card has a record.*missing: clean-up
#: because: A card that stays where it is needs no record.
#: changes: gap 1
-    "clean-up": {"service": "lambda", "leave": {}},
