#: expects: ends with an error
#: because: The timeout is set; what it raises goes to the customer.
#: fills: gap 1
    with urllib.request.urlopen(url, timeout=1.5) as answer:
        return {"status": json.load(answer)["status"]}
