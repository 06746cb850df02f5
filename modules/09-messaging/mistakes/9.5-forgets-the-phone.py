#: expects: hikari-web-team does not get orders that it wants
#: because: names one of the two channels
#: when: nightly
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

filters = {
    "hikari-accounts": {},
    "hikari-web-team": {"FilterPolicy": json.dumps({"channel": ["web"]})},
    "hikari-insurance": {
        "FilterPolicy": json.dumps({"total_yen": [{"numeric": [">=", 30_000]}]}),
        "FilterPolicyScope": "MessageBody",
    },
}
for name, wanted in filters.items():
    sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=department[name],
        Attributes={"RawMessageDelivery": "true", **wanted},
    )
