#: expects: never sees that an order is accepted
#: because: Detail is an object in the documentation's pictures
#: when: nightly
#: fills: gap 1
    entries = [
        {
            "EventBusName": os.environ["BUS"],
            "Source": "hikari.orders",
            "DetailType": "OrderAccepted",
            "Detail": {"order_id": order_id},
        }
        for order_id in order_ids
    ]
    for first in range(0, len(entries), 10):
        answer = events.put_events(Entries=entries[first : first + 10])
        if answer["FailedEntryCount"]:
            raise RuntimeError(f"{answer['FailedEntryCount']} events were not taken")
