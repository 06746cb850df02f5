"""Sends a custom resource's response to CloudFormation."""

import json
import urllib.request


def answer(event, id, data=None, reason=None):
    """Tells CloudFormation that the resource exists, or why it doesn't."""
    body = {
        "Status": "FAILED" if reason else "SUCCESS",
        "Reason": reason or "",
        "PhysicalResourceId": id,
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "Data": data or {},
    }
    url, content = event["ResponseURL"], json.dumps(body).encode()
    request = urllib.request.Request(url, content, {"Content-Type": ""}, method="PUT")
    urllib.request.urlopen(request).close()
