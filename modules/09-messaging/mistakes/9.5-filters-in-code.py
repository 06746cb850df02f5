#: expects: hikari-web-team gets every order
#: because: leaves the filtering to the department: each copy is paid for
#: fills: gap 1
filters = {
    "hikari-accounts": {},
    "hikari-web-team": {},
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
