#: breaks: one-message
#: expects: There are 2 messages about this
#: because: The error path joins the other path again.
job = {
    "JobName": "picture",
    "JobQueue": "pictures",
    "JobDefinition": "render",
    "Parameters": {"lamp": "{% $states.input.lamp %}"},
}


def tell(result, **then):
    """A state that sends the news."""
    message = {"lamp": "{% $states.context.Execution.Input.lamp %}", "result": result}
    arguments = {"TopicArn": topic, "Message": message}
    return {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "Arguments": arguments} | then


picture = {
    "QueryLanguage": "JSONata",
    "StartAt": "Render",
    "States": {
        "Render": {
            "Type": "Task",
            "Resource": "arn:aws:states:::batch:submitJob.sync",
            "Arguments": job,
            "Output": "{% $states.input %}",
            "Catch": [
                {"ErrorEquals": ["States.ALL"], "Output": "{% $states.input %}", "Next": "Tell Failed"}
            ],
            "Next": "Tell Ready",
        },
        "Tell Ready": tell("ready", Next="Which?"),
        "Tell Failed": tell("failed", Next="Tell Ready"),
        "Which?": {"Type": "Choice", "Choices": [{"Condition": "{% $contains($states.context.Execution.Input.lamp, 'Kage') %}", "Next": "No Picture"}], "Default": "Good"},
        "Good": {"Type": "Succeed"},
        "No Picture": {"Type": "Fail", "Error": "NoPicture"},
    },
}

pictures = machine("hikari-picture", picture)
for lamp in ("Tsuki", "Kage"):
    done = run(pictures, {"lamp": lamp})
    print(lamp, done.status, done.entered)
