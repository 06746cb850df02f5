#: expects: The order is not paid, and the execution looks like a good one
#: because: The catch leads to a normal end.
#: fills: gap 1
later = {
    "ErrorEquals": ["BankBusy", "Lambda.TooManyRequestsException"],
    "IntervalSeconds": 6,
    "MaxAttempts": 4,
    "BackoffRate": 2,
}
payment = {
    "QueryLanguage": "JSONata",
    "StartAt": "Pay",
    "States": {
        "Pay": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Arguments": {"FunctionName": "bank", "Payload": "{% $states.input %}"},
            "Output": "{% $states.result.Payload %}",
            "Retry": [later],
            "Catch": [
                {"ErrorEquals": ["States.ALL"], "Output": "{% $states.input %}", "Next": "Tell"}
            ],
            "End": True,
        },
        "Tell": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sns:publish",
            "Arguments": {
                "TopicArn": topic,
                "Message": {"order_id": "{% $states.input.order_id %}", "result": "not paid"},
            },
            "End": True,
        },
    },
}
