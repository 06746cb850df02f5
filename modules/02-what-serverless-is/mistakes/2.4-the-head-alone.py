#: breaks: hangs-halfway
#: expects: ends with an error
#: because: The learner thinks that an answer that has begun will be complete.
#: fills: gap 1
    try:
        answer = urllib.request.urlopen(url, timeout=1.5)
    except OSError:
        return {"status": "unknown"}
    with answer:
        return {"status": json.load(answer)["status"]}
