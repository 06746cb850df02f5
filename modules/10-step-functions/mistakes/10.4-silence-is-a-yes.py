#: breaks: no-answer
#: expects: Money is refunded although nobody has said yes
#: because: Every error leads on as if there was an answer.
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
    "token": "{% $states.context.Task.Token %}",
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
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Refund"}],
            "Next": "Approved?",
        },
        "Approved?": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $states.input.approved %}", "Next": "Refund"}],
            "Default": "Say No",
        },
        "Refund": tells("refunded"),
        "Say No": tells("refused"),
    },
}

_ = machine("hikari-refund", refund)
