#: expects: Orders waits for as long as stock takes
#: because: urlopen is thought to give up by itself.
#: fills: gap 1
    request = urllib.request.Request(
        os.environ["STOCK_API"] + "/reservations",
        data=json.dumps(order).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request):
            pass
    except urllib.error.HTTPError as refusal:
        if refusal.code == 409:
            return answer(409, {"message": "sold out"})
        return answer(503, {"message": "Try again later, with the same order_key."})
    except OSError:
        return answer(503, {"message": "Try again later, with the same order_key."})
    store(order)
    return answer(201, order)
