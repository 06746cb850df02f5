#: breaks: less-work
#: expects: On Fargate, .flash sale. costs .82
#: because: Work with 300 requests a second needs servers.
decisions = {}
for key, card in CARDS.items():
    if card.numbers:
        usd = {service: month(card.numbers, service) for service in ("lambda", "fargate")}
        large = card.numbers["busy_per_s"] > 100
        decisions[key] = {"service": "fargate" if large else "lambda", "usd": usd}

_ = Path("prices.json").write_text(json.dumps(decisions, indent=2))
