#: expects: A large batch is an error|not each order is told
#: because: one call takes a list, however long
#: when: nightly
#: fills: gap 1
    entries = [
        {
            "EventBusName": os.environ["BUS"],
            "Source": "hikari.orders",
            "DetailType": "OrderAccepted",
            "Detail": json.dumps({"order_id": order_id}),
        }
        for order_id in order_ids
    ]
    if entries:
        events.put_events(Entries=entries)
