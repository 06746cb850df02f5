#: breaks: no-refusal
#: expects: Lambda refuses calls
#: because: A Map is thought to know how many seats there are.
book = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Arguments": {"FunctionName": "ledger", "Payload": "{% $states.input %}"},
    "Output": "booked",
    "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Hold Back"}],
    "End": True,
}
day = {
    "QueryLanguage": "JSONata",
    "StartAt": "Each Order",
    "States": {
        "Each Order": {
            "Type": "Map",
            "Items": "{% $states.input.orders %}",
            "ItemProcessor": {
                "StartAt": "Book",
                "States": {
                    "Book": book,
                    "Hold Back": {"Type": "Pass", "Output": "held back", "End": True},
                },
            },
            "End": True,
        }
    },
}

days = machine("hikari-day", day)
done = run(days, {"orders": [{"order_id": "a", "amount_yen": 4100}, {"order_id": "b"}]})
print(done.status, done.output)
