#: breaks: failed-messages
#: expects: Lambda ignores the list of failed messages
#: because: the handler returns batchItemFailures, so Lambda is thought to know
#: replaces: 3
#: changes: gap 2
-            FunctionResponseTypes: [ReportBatchItemFailures]
