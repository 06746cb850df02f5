#: breaks: hangs
#: expects: returns a status that the provider did not give
#: because: The learner takes no answer for a refusal.
#: fills: gap 1
    try:
        with urllib.request.urlopen(url, timeout=1.5) as answer:
            return {"status": json.load(answer)["status"]}
    except OSError:
        return {"status": "refused"}
