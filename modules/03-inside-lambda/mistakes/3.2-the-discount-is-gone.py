#: breaks: total
#: expects: The total has changed
#: because: Code that looks slow is left out with what it does.
%%writefile sale.py
PRICES_YEN = {"Tsuki": 4800, "Hoshi": 12800, "Kumo": 9600, "Yuki": 3200}


def handler(event, context):
    return {"total_yen": PRICES_YEN[event["lamp"]] * event["quantity"]}
