#: expects: the handler dies of it
#: because: What is not 409 is left to the runtime.
#: fills: gap 1
#: when: nightly
    request = urllib.request.Request(
        os.environ["STOCK_API"] + "/reservations",
        data=json.dumps(order).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=2):
            pass
    except urllib.error.HTTPError as refusal:
        if refusal.code == 409:
            return answer(409, {"message": "sold out"})
        raise
    except OSError:
        return answer(503, {"message": "Try again later, with the same order_key."})
    store(order)
    return answer(201, order)
