#: breaks: less-work
#: expects: .film. costs .4.89 a month less on Fargate
#: because: The cheaper service is the better one.
decisions = {}
for key, card in CARDS.items():
    if card.numbers:
        usd = {service: month(card.numbers, service) for service in ("lambda", "fargate")}
        decisions[key] = {"service": min(usd, key=usd.get), "usd": usd}

_ = Path("prices.json").write_text(json.dumps(decisions, indent=2))
