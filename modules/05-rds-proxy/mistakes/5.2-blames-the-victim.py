#: breaks: function
#: expects: report doesn't pin anything. It fails because others hold the connections
#: because: The learner blames the function that fails.
finding = {"function": "", "statement": ""}
messages = [event["message"] for event in logs.filter_log_events(logGroupName="/aws/rds/proxy/orders-proxy")["events"]]
print(Counter(re.sub(r".*Reason: ", "", message) for message in messages if "pinned" in message))
finding = {"function": "report", "statement": "SET LOCAL work_mem = '64MB'"}
_ = Path("finding.json").write_text(json.dumps(finding))
