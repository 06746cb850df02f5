#: breaks: failures
#: expects: makes the whole call fail
#: because: lets the exception out of the handler
#: fills: gap 1
    for record in event["Records"]:
        write_invoice(record)
