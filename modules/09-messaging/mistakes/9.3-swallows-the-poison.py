#: expects: failed is not reported
#: because: prints the error and calls it done
#: fills: gap 1
#: when: nightly
    for record in event["Records"]:
        try:
            write_invoice(record)
        except Exception as error:
            print("no invoice:", error)
