#: breaks: no-error
#: expects: ends with an error
#: because: The learner sets the timeout, but the error that it raises goes to the customer.
#: fills: gap 1
    with urllib.request.urlopen(url, timeout=1.5) as answer:
        return {"status": json.load(answer)["status"]}
