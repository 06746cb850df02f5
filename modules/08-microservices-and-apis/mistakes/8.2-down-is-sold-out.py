#: expects: told that the lamp is sold out
#: because: Whatever stock says but yes is taken for: no lamps.
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
        return answer(409, {"message": "sold out"})
    except OSError:
        return answer(503, {"message": "Try again later, with the same order_key."})
    store(order)
    return answer(201, order)
