#: breaks: report-file
#: expects: nightly report isn't stored anymore
#: because: The slow client is removed together with what it did.
%%writefile sale.py
PRICES_YEN = {"Tsuki": 4800, "Hoshi": 12800, "Kumo": 9600, "Yuki": 3200}


def handler(event, context):
    if "sold_yen" in event:
        return {"lamps": len(event["sold_yen"]), "sum_yen": sum(event["sold_yen"])}
    return {"total_yen": PRICES_YEN[event["lamp"]] * event["quantity"] * 90 // 100}
