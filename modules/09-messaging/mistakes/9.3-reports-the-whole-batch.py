#: expects: or can be done, are reported as failed
#: because: reports all when one has failed
#: when: nightly
#: fills: gap 1
    for record in event["Records"]:
        try:
            write_invoice(record)
        except Exception as error:
            print("no invoice:", error)
            failures = [{"itemIdentifier": each["messageId"]} for each in event["Records"]]
