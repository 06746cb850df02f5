#: breaks: costs
#: expects: .flash sale. on fargate is too low
#: because: One task all month is what Fargate costs.
decisions = {}
for key, card in CARDS.items():
    if card.numbers:
        hour = card.numbers["task_vcpu"] * PRICES["fargate_vcpu_hour_usd"]
        hour += card.numbers["task_gb"] * PRICES["fargate_gb_hour_usd"]
        usd = {"lambda": month(card.numbers, "lambda"), "fargate": 730 * hour}
        service = "lambda" if usd["lambda"] <= usd["fargate"] + 25 else "fargate"
        decisions[key] = {"service": service, "usd": usd}

_ = Path("prices.json").write_text(json.dumps(decisions, indent=2))
