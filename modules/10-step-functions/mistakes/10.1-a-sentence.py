#: breaks: ready
#: expects: not the JSON object that the shop reads
#: because: A message is thought to be for people.
job = {
    "JobName": "picture",
    "JobQueue": "pictures",
    "JobDefinition": "render",
    "Parameters": {"lamp": "{% $states.input.lamp %}"},
}


def tell(result, **then):
    """A state that sends the news."""
    message = "The picture is " + result
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
        "Tell Failed": tell("failed", Next="No Picture"),
        "No Picture": {"Type": "Fail", "Error": "NoPicture"},
    },
}

pictures = machine("hikari-picture", picture)
for lamp in ("Tsuki", "Kage"):
    done = run(pictures, {"lamp": lamp})
    print(lamp, done.status, done.entered)
