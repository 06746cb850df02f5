#: expects: A throttled call is tried again too soon
#: because: Lambda has room again in a moment.
#: when: nightly
#: fills: gap 1
later = {
    "ErrorEquals": ["BankBusy"],
    "IntervalSeconds": 6,
    "MaxAttempts": 4,
    "BackoffRate": 2,
}
soon = {"ErrorEquals": ["Lambda.TooManyRequestsException"], "IntervalSeconds": 1, "MaxAttempts": 9}
payment = {
    "QueryLanguage": "JSONata",
    "StartAt": "Pay",
    "States": {
        "Pay": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Arguments": {"FunctionName": "bank", "Payload": "{% $states.input %}"},
            "Output": "{% $states.result.Payload %}",
            "Retry": [later, soon],
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
