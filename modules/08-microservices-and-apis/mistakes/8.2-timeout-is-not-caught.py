#: expects: the handler dies of it, or of its own timeout
#: because: URLError is thought to be the only thing that can happen besides a status.
#: when: nightly
#: fills: gap 1
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
        return answer(503, {"message": "Try again later, with the same order_key."})
    except ConnectionRefusedError:
        return answer(503, {"message": "Try again later, with the same order_key."})
    store(order)
    return answer(201, order)
