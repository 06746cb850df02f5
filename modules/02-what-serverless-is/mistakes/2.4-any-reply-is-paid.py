#: breaks: as-the-provider-says
#: expects: status is not the status that the provider returned
#: because: A reply seems to mean that the payment is fine.
#: fills: gap 1
    try:
        urllib.request.urlopen(url, timeout=1.5).read()
    except OSError:
        return {"status": "unknown"}
    return {"status": "paid"}
