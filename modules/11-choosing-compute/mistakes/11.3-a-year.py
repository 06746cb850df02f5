#: breaks: costs
#: expects: is the cost of a year
#: because: The contract runs for a year.
decisions = {}
for key, card in CARDS.items():
    if card.numbers:
        usd = {service: month(card.numbers, service) for service in ("lambda", "fargate")}
        usd = {service: 12 * cost for service, cost in usd.items()}
        service = "lambda" if usd["lambda"] <= usd["fargate"] + 25 else "fargate"
        decisions[key] = {"service": service, "usd": usd}

_ = Path("prices.json").write_text(json.dumps(decisions, indent=2))
