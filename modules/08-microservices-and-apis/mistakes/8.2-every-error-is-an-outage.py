#: expects: Sold out is no outage
#: because: HTTPError is a kind of OSError, and one except line for both is thought to be enough.
#: fills: gap 1
    request = urllib.request.Request(
        os.environ["STOCK_API"] + "/reservations",
        data=json.dumps(order).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=2):
            pass
    except OSError:
        return answer(503, {"message": "Try again later, with the same order_key."})
    store(order)
    return answer(201, order)
