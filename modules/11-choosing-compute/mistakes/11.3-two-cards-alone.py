#: breaks: each-card
#: expects: missing: lamp reports, clean-up
#: because: Cards whose answer is plain need no record.
decisions = {}
for key, card in CARDS.items():
    if card.numbers:
        usd = {service: month(card.numbers, service) for service in ("lambda", "fargate")}
        service = "lambda" if usd["lambda"] <= usd["fargate"] + 25 else "fargate"
        decisions[key] = {"service": service, "usd": usd}
decisions = {key: decisions[key] for key in ("flash sale", "film")}

_ = Path("prices.json").write_text(json.dumps(decisions, indent=2))
