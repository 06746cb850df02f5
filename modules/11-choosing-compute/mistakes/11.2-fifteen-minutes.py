#: breaks: only-if-forced
#: expects: longest piece takes two minutes
#: because: A job of three hours cannot be a function.
records = {
    "flash sale": {"service": "lambda", "leave": {}},
    "film": {"service": "fargate", "leave": {"lambda": "lambda-timeout"}},
    "chat": {"service": "fargate", "leave": {"lambda": "lambda-inbound"}},
    "lamp namer": {"service": "ecs managed instances", "leave": {"lambda": "lambda-gpu", "fargate": "fargate-gpu"}},
    "bookkeeping": {"service": "fargate", "leave": {"lambda": "lambda-operating-system"}},
    "lamp reports": {"service": "lambda", "leave": {}},
    "clean-up": {"service": "lambda", "leave": {}},
    "exchange": {"service": "ec2", "leave": {"lambda": "lambda-memory", "fargate": "fargate-kernel"}},
}

_ = Path("limits.json").write_text(json.dumps(records, indent=2))
