#: expects: The pauses are too short
#: because: Six seconds each time: a busy bank gets no rest.
#: fills: gap 1
#: when: nightly
later = {
    "ErrorEquals": ["BankBusy", "Lambda.TooManyRequestsException"],
    "IntervalSeconds": 6,
    "MaxAttempts": 4,
    "BackoffRate": 1,
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
            "Next": "Not Paid",
        },
        "Not Paid": {"Type": "Fail", "Error": "NotPaid"},
    },
}
