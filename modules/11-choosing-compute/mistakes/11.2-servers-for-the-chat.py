#: breaks: only-if-forced
#: expects: leaves fargate, but no limit forces it to
#: because: What listens needs a machine of its own.
records = {
    "flash sale": {"service": "lambda", "leave": {}},
    "film": {"service": "lambda", "leave": {}},
    "chat": {"service": "ec2", "leave": {"lambda": "lambda-inbound", "fargate": "fargate-size"}},
    "lamp namer": {"service": "ecs managed instances", "leave": {"lambda": "lambda-gpu", "fargate": "fargate-gpu"}},
    "bookkeeping": {"service": "fargate", "leave": {"lambda": "lambda-operating-system"}},
    "lamp reports": {"service": "lambda", "leave": {}},
    "clean-up": {"service": "lambda", "leave": {}},
    "exchange": {"service": "ec2", "leave": {"lambda": "lambda-memory", "fargate": "fargate-kernel"}},
}

_ = Path("limits.json").write_text(json.dumps(records, indent=2))
