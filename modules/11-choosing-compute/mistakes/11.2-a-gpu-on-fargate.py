#: breaks: can-do-it
#: expects: Nothing justifies .* on fargate.*the gpu parameter is not valid
#: because: A container runs anywhere, with whatever it needs.
records = {
    "flash sale": {"service": "lambda", "leave": {}},
    "film": {"service": "lambda", "leave": {}},
    "chat": {"service": "fargate", "leave": {"lambda": "lambda-inbound"}},
    "lamp namer": {"service": "fargate", "leave": {"lambda": "lambda-gpu"}},
    "bookkeeping": {"service": "fargate", "leave": {"lambda": "lambda-operating-system"}},
    "lamp reports": {"service": "lambda", "leave": {}},
    "clean-up": {"service": "lambda", "leave": {}},
    "exchange": {"service": "ec2", "leave": {"lambda": "lambda-memory", "fargate": "fargate-kernel"}},
}

_ = Path("limits.json").write_text(json.dumps(records, indent=2))
