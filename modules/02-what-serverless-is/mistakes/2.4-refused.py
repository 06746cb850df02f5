#: expects: returns a status that nobody has given
#: because: No answer is taken for a no.
#: fills: gap 1
    try:
        with urllib.request.urlopen(url, timeout=1.5) as answer:
            return {"status": json.load(answer)["status"]}
    except OSError:
        return {"status": "refused"}
