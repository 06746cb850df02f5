#: expects: keeps good ones from being done
#: because: leaves the loop at the first failure
#: when: nightly
#: fills: gap 1
    for record in event["Records"]:
        try:
            write_invoice(record)
        except Exception as error:
            print("no invoice:", error)
            failures.append({"itemIdentifier": record["messageId"]})
            break
