#: expects: gives up on a provider that keeps its promise
#: because: Half a second is promised, so half a second is waited.
#: fills: gap 1
    try:
        with urllib.request.urlopen(url, timeout=0.5) as answer:
            return {"status": json.load(answer)["status"]}
    except OSError:
        return {"status": "unknown"}
