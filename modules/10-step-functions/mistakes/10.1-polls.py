#: breaks: waits
#: expects: keeps asking Batch
#: because: The loop of the left machine is kept, without its functions.
#: fills: gap 1
render = {
    "Type": "Task",
    "Resource": "arn:aws:states:::batch:submitJob",
    "Arguments": {
        "JobName": "picture",
        "JobQueue": "pictures",
        "JobDefinition": "render",
        "Parameters": {"lamp": "{% $states.input.lamp %}"},
    },
    "Assign": {"lamp": "{% $states.input.lamp %}", "job": "{% $states.result.JobId %}"},
    "Next": "Wait",
}
after_a_failure = {
    "Wait": {"Type": "Wait", "Seconds": 20, "Next": "Ask"},
    "Ask": {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:batch:describeJobs",
        "Arguments": {"Jobs": ["{% $job %}"]},
        "Output": {"lamp": "{% $lamp %}", "status": "{% $states.result.Jobs[0].Status %}"},
        "Next": "Ended?",
    },
    "Ended?": {
        "Type": "Choice",
        "Choices": [
            {"Condition": "{% $states.input.status = 'SUCCEEDED' %}", "Next": "Tell Ready"},
            {"Condition": "{% $states.input.status = 'FAILED' %}", "Next": "Tell Failed"},
        ],
        "Default": "Wait",
    },
    "Tell Failed": tell("failed", Next="No Picture"),
    "No Picture": {"Type": "Fail", "Error": "NoPicture"},
}
