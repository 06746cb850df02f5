#: breaks: others
#: expects: One bad order stops the whole day
#: because: An item's error is thought to be the item's own.
book = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Arguments": {"FunctionName": "ledger", "Payload": "{% $states.input %}"},
    "Output": "booked",
    "End": True,
}
day = {
    "QueryLanguage": "JSONata",
    "StartAt": "Each Order",
    "States": {
        "Each Order": {
            "Type": "Map",
            "Items": "{% $states.input.orders %}",
            "MaxConcurrency": 3,
            "ItemProcessor": {
                "StartAt": "Book",
                "States": {
                    "Book": book,
                },
            },
            "End": True,
        }
    },
}

days = machine("hikari-day", day)
done = run(days, {"orders": [{"order_id": "a", "amount_yen": 4100}, {"order_id": "b"}]})
print(done.status, done.output)
