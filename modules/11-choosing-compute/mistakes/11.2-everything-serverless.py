#: breaks: can-do-it
#: expects: Nothing justifies .* on lambda.*no network path leads into it
#: because: Serverless first is serverless always.
records = {
    "flash sale": {"service": "lambda", "leave": {}},
    "film": {"service": "lambda", "leave": {}},
    "chat": {"service": "lambda", "leave": {}},
    "lamp namer": {"service": "ecs managed instances", "leave": {"lambda": "lambda-gpu", "fargate": "fargate-gpu"}},
    "bookkeeping": {"service": "fargate", "leave": {"lambda": "lambda-operating-system"}},
    "lamp reports": {"service": "lambda", "leave": {}},
    "clean-up": {"service": "lambda", "leave": {}},
    "exchange": {"service": "ec2", "leave": {"lambda": "lambda-memory", "fargate": "fargate-kernel"}},
}

_ = Path("limits.json").write_text(json.dumps(records, indent=2))
