#: breaks: one-limit
#: expects: is not one of the ids in the table
#: because: The reason is written in words.
records = {
    "flash sale": {"service": "lambda", "leave": {}},
    "film": {"service": "lambda", "leave": {}},
    "chat": {"service": "fargate", "leave": {"lambda": "no TCP"}},
    "lamp namer": {"service": "ecs managed instances", "leave": {"lambda": "lambda-gpu", "fargate": "fargate-gpu"}},
    "bookkeeping": {"service": "fargate", "leave": {"lambda": "lambda-operating-system"}},
    "lamp reports": {"service": "lambda", "leave": {}},
    "clean-up": {"service": "lambda", "leave": {}},
    "exchange": {"service": "ec2", "leave": {"lambda": "lambda-memory", "fargate": "fargate-kernel"}},
}

_ = Path("limits.json").write_text(json.dumps(records, indent=2))
