#: breaks: room
#: expects: gives up on a provider that keeps its promise
#: because: The provider promises half a second, so the learner waits for half a second.
#: fills: gap 1
    try:
        with urllib.request.urlopen(url, timeout=0.5) as answer:
            return {"status": json.load(answer)["status"]}
    except OSError:
        return {"status": "unknown"}
