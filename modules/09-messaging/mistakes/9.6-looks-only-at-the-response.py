#: breaks: nothing-stored
#: expects: stores an empty card before it reports
#: because: compares the response, and not the table, when an order has failed
#: changes: gap 1
     assert answer == {"batchItemFailures": [{"itemIdentifier": "message-0"}]}
-    assert cards() == {}
