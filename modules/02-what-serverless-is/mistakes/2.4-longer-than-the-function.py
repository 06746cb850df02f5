#: expects: until Lambda ends it
#: because: urlopen has a timeout; that the function's is shorter goes unseen.
#: fills: gap 1
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return {"status": json.load(answer)["status"]}
    except OSError:
        return {"status": "unknown"}
