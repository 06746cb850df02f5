#: expects: under another key than that of the order
#: because: Each call of stock is thought to need a key of its own.
#: when: nightly
#: fills: gap 1
    request = urllib.request.Request(
        os.environ["STOCK_API"] + "/reservations",
        data=json.dumps(order | {"order_key": os.urandom(8).hex()}).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=2):
            pass
    except urllib.error.HTTPError as refusal:
        if refusal.code == 409:
            return answer(409, {"message": "sold out"})
        return answer(503, {"message": "Try again later, with the same order_key."})
    except OSError:
        return answer(503, {"message": "Try again later, with the same order_key."})
    store(order)
    return answer(201, order)
