#: expects: no message of the batch
#: because: reports by the order or the receipt, and not by the message
#: fills: gap 1
    for record in event["Records"]:
        try:
            write_invoice(record)
        except Exception as error:
            print("no invoice:", error)
            failures.append({"itemIdentifier": record["receiptHandle"]})
