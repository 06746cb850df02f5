#: expects: hikari-insurance does not get orders that it wants
#: because: takes "and more" for "more than"
#: fills: gap 1
filters = {
    "hikari-accounts": {},
    "hikari-web-team": {"FilterPolicy": json.dumps({"channel": ["web", "phone"]})},
    "hikari-insurance": {
        "FilterPolicy": json.dumps({"total_yen": [{"numeric": [">", 30_000]}]}),
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
