#: expects: The list holds bare ids
#: because: returns the ids, without the dict that Lambda reads
#: when: nightly
#: fills: gap 1
    for record in event["Records"]:
        try:
            write_invoice(record)
        except Exception as error:
            print("no invoice:", error)
            failures.append(record["messageId"])
