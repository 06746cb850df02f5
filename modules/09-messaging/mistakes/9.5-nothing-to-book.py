#: breaks: every-order
#: expects: hikari-accounts does not get orders that it wants
#: because: Accounts are thought to have nothing to book for an order of 0 yen.
with contextlib.suppress(NameError, sns.exceptions.NotFoundException):
    sns.delete_topic(TopicArn=topic)  # from an earlier run of this cell, with its subscriptions
topic = sns.create_topic(Name="hikari-placed")["TopicArn"]
department = {}
for name in ("hikari-accounts", "hikari-web-team", "hikari-insurance"):
    url = queue(name)
    department[name] = arn(url)
    may_send = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn(url),
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    policy_text = json.dumps({"Version": "2012-10-17", "Statement": [may_send]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy_text})

wanted = {
    "hikari-accounts": {
        "FilterPolicy": json.dumps({"total_yen": [{"numeric": [">", 0]}]}),
        "FilterPolicyScope": "MessageBody",
    },
    "hikari-web-team": {"FilterPolicy": json.dumps({"channel": ["web", "phone"]})},
    "hikari-insurance": {
        "FilterPolicy": json.dumps({"total_yen": [{"numeric": [">=", 30000]}]}),
        "FilterPolicyScope": "MessageBody",
    },
}
for name, attributes in wanted.items():
    _ = sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=department[name],
        Attributes={"RawMessageDelivery": "true"} | attributes,
    )
