#: expects: A call that Lambda throttles has done nothing yet
#: because: Only the errors of the function are thought of.
#: fills: gap 1
later = {
    "ErrorEquals": ["BankBusy"],
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
            "Next": "Not Paid",
        },
        "Not Paid": {"Type": "Fail", "Error": "NotPaid"},
    },
}
