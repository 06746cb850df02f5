#: expects: whether redrive.py moves anything
#: because: answers that it has started, and starts nothing
#: replaces: 3
#: when: nightly
%%writefile redrive.py
import boto3

sqs = boto3.client("sqs")


def handler(event, context):
    return {"started": True}
