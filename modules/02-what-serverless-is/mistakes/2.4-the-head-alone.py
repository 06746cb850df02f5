#: expects: ends with an error
#: because: An answer that has begun is thought to come.
#: fills: gap 1
    try:
        answer = urllib.request.urlopen(url, timeout=1.5)
    except OSError:
        return {"status": "unknown"}
    with answer:
        return {"status": json.load(answer)["status"]}
