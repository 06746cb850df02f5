#: breaks: at-most-ten
#: expects: more than ten messages
#: because: takes the batch for a matter of speed alone
#: replaces: 2
_ = table("hikari-invoices", "order_id")
to_invoice_url = queue("hikari-to-invoice", VisibilityTimeout="24")  # six times the function's timeout
deploy("hikari-invoice", "invoice.py")
_ = functions.create_event_source_mapping(
    FunctionName="hikari-invoice",
    EventSourceArn=arn(to_invoice_url),
    BatchSize=100,
    MaximumBatchingWindowInSeconds=1,
    FunctionResponseTypes=["ReportBatchItemFailures"],
)
