#: expects: hikari-insurance gets nothing at all
#: because: puts a filter on a field of the body, and lets it look at the attributes
#: fills: gap 1
filters = {
    "hikari-accounts": {},
    "hikari-web-team": {"FilterPolicy": json.dumps({"channel": ["web", "phone"]})},
    "hikari-insurance": {
        "FilterPolicy": json.dumps({"total_yen": [{"numeric": [">=", 30_000]}]}),
    },
}
for name, wanted in filters.items():
    sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=department[name],
        Attributes={"RawMessageDelivery": "true", **wanted},
    )
