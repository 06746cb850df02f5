#: breaks: cheaper
#: expects: having to operate tasks is not worth that much
#: because: Serverless first is serverless always.
decisions = {}
for key, card in CARDS.items():
    if card.numbers:
        usd = {service: month(card.numbers, service) for service in ("lambda", "fargate")}
        decisions[key] = {"service": "lambda", "usd": usd}

_ = Path("prices.json").write_text(json.dumps(decisions, indent=2))
