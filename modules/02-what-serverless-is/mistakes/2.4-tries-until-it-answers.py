#: breaks: in-time
#: expects: until Lambda ends the call
#: because: The handler tries again for as long as it takes.
#: fills: gap 1
    while True:
        try:
            with urllib.request.urlopen(url, timeout=1.5) as answer:
                return {"status": json.load(answer)["status"]}
        except OSError:
            pass
