#: breaks: event
#: expects: Lambda does not read which messages failed
#: because: the worker names what failed, and the mapping is not told to listen
#: replaces: 3
#: changes: gap 2
-            FunctionResponseTypes: [ReportBatchItemFailures]
