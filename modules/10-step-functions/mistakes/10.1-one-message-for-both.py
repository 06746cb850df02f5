#: breaks: failed
#: expects: does not say what happened
#: because: Both paths lead to the same message.
job = {
    "JobName": "picture",
    "JobQueue": "pictures",
    "JobDefinition": "render",
    "Parameters": {"lamp": "{% $states.input.lamp %}"},
}


def tell(result, **then):
    """A state that sends the news."""
    message = {"lamp": "{% $states.input.lamp %}", "result": result}
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
        "Tell Ready": tell("ready", End=True),
        "Tell Failed": tell("ready", Next="No Picture"),
        "No Picture": {"Type": "Fail", "Error": "NoPicture"},
    },
}

pictures = machine("hikari-picture", picture)
for lamp in ("Tsuki", "Kage"):
    done = run(pictures, {"lamp": lamp})
    print(lamp, done.status, done.entered)
