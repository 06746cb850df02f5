#: breaks: room
#: expects: gives up on a provider that keeps its promise
#: because: Quick is good, so the learner thinks that quicker is better.
#: fills: gap 1
    try:
        with urllib.request.urlopen(url, timeout=0.3) as answer:
            return {"status": json.load(answer)["status"]}
    except OSError:
        return {"status": "unknown"}
