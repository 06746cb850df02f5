#: breaks: fields
#: expects: did not get a question with all three fields
#: because: The order's id is thought to be enough for an answer.
order_id = "{% $states.context.Execution.Input.order_id %}"


def tells(result):
    message = {"order_id": order_id, "result": result}
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::sns:publish",
        "Arguments": {"TopicArn": topic, "Message": message},
        "End": True,
    }


question = {
    "order_id": order_id,
    "amount_yen": "{% $states.input.amount_yen %}",
    "token_of": order_id,
}
refund = {
    "QueryLanguage": "JSONata",
    "StartAt": "Ask",
    "States": {
        "Ask": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Arguments": {"QueueUrl": approvals, "MessageBody": question},
            "TimeoutSeconds": 2,
            "Catch": [{"ErrorEquals": ["States.Timeout"], "Next": "Escalate"}],
            "Next": "Approved?",
        },
        "Approved?": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $states.input.approved %}", "Next": "Refund"}],
            "Default": "Say No",
        },
        "Refund": tells("refunded"),
        "Say No": tells("refused"),
        "Escalate": tells("escalated"),
    },
}

_ = machine("hikari-refund", refund)
