#: breaks: in-time
#: expects: until Lambda ends the call
#: because: urlopen has a timeout, but the learner doesn't see that the function's timeout is shorter.
#: fills: gap 1
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return {"status": json.load(answer)["status"]}
    except OSError:
        return {"status": "unknown"}
