#: breaks: no
#: expects: Money is refunded although nobody has said yes
#: because: That there is an answer is taken for a yes.
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
            "Catch": [{"ErrorEquals": ["States.Timeout"], "Next": "Escalate"}],
            "Next": "Refund",
        },
        "Refund": tells("refunded"),
        "Escalate": tells("escalated"),
    },
}

_ = machine("hikari-refund", refund)
