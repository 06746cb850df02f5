#: breaks: no-function
#: expects: still calls a function
#: because: A function that waits for the job is thought to be a state that waits for it.
#: fills: gap 1
Path("waiter.py").write_text("""
import time

import boto3

batch = boto3.client("batch")


def handler(event, context):
    job = batch.submit_job(
        jobName="picture", jobQueue="pictures", jobDefinition="render", parameters={"lamp": event["lamp"]}
    )["jobId"]
    while (status := batch.describe_jobs(jobs=[job])["jobs"][0]["status"]) not in ("SUCCEEDED", "FAILED"):
        time.sleep(0.1)
    if status == "FAILED":
        raise RuntimeError("The job has failed.")
    return event
""")
deploy("waiter", Handler="waiter.handler", Timeout=20)
render = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Arguments": {"FunctionName": "waiter", "Payload": "{% $states.input %}"},
    "Output": "{% $states.input %}",
    "Catch": [{"ErrorEquals": ["States.ALL"], "Output": "{% $states.input %}", "Next": "Tell Failed"}],
    "Next": "Tell Ready",
}
after_a_failure = {
    "Tell Failed": tell("failed", Next="No Picture"),
    "No Picture": {"Type": "Fail", "Error": "NoPicture"},
}
