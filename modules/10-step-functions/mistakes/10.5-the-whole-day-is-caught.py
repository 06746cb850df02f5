#: breaks: output
#: expects: does not have one string per order
#: because: The Catch is on the Map, so the execution succeeds, and the day is not booked.
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
            "Catch": [{"ErrorEquals": ["States.ALL"], "Output": ["held back"], "Next": "Late"}],
            "ItemProcessor": {
                "StartAt": "Book",
                "States": {
                    "Book": book,
                },
            },
            "End": True,
        },
        "Late": {"Type": "Succeed"},
    },
}

days = machine("hikari-day", day)
done = run(days, {"orders": [{"order_id": "a", "amount_yen": 4100}, {"order_id": "b"}]})
print(done.status, done.output)
