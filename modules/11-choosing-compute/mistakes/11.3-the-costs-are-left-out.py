#: breaks: record
#: expects: record for .flash sale. is incomplete
#: because: The choice is the answer.
decisions = {
    "flash sale": {"service": "lambda"},
    "film": {"service": "lambda"},
    "lamp reports": {"service": "fargate"},
    "clean-up": {"service": "lambda"},
}

_ = Path("prices.json").write_text(json.dumps(decisions, indent=2))
