#: breaks: less-work
#: expects: there is more to operate
#: because: The 25 dollars are paid for the service that is more to operate.
decisions = {}
for key, card in CARDS.items():
    if card.numbers:
        usd = {service: month(card.numbers, service) for service in ("lambda", "fargate")}
        worth_it = usd["fargate"] <= usd["lambda"] + 25
        decisions[key] = {"service": "fargate" if worth_it else "lambda", "usd": usd}

_ = Path("prices.json").write_text(json.dumps(decisions, indent=2))
