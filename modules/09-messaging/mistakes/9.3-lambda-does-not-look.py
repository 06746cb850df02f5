#: breaks: reads-response
#: expects: doesn't read the response of hikari-invoice
#: because: returns the list, and leaves the setting out of the mapping
#: replaces: 2
_ = table("hikari-invoices", "order_id")
to_invoice_url = queue("hikari-to-invoice", VisibilityTimeout="24")  # six times the function's timeout
deploy("hikari-invoice", "invoice.py")
_ = functions.create_event_source_mapping(
    FunctionName="hikari-invoice",
    EventSourceArn=arn(to_invoice_url),
    BatchSize=10,
)
