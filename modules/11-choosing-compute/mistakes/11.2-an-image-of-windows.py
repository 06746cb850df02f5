#: breaks: forces
#: expects: can be a container image, but not a Windows image
#: because: The image is the reason, and not what is in it.
records = {
    "flash sale": {"service": "lambda", "leave": {}},
    "film": {"service": "lambda", "leave": {}},
    "chat": {"service": "fargate", "leave": {"lambda": "lambda-inbound"}},
    "lamp namer": {"service": "ecs managed instances", "leave": {"lambda": "lambda-gpu", "fargate": "fargate-gpu"}},
    "bookkeeping": {"service": "fargate", "leave": {"lambda": "lambda-images"}},
    "lamp reports": {"service": "lambda", "leave": {}},
    "clean-up": {"service": "lambda", "leave": {}},
    "exchange": {"service": "ec2", "leave": {"lambda": "lambda-memory", "fargate": "fargate-kernel"}},
}

_ = Path("limits.json").write_text(json.dumps(records, indent=2))
