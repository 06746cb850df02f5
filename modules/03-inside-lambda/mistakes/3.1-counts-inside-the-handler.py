#: breaks: count
#: expects: count starts over in each call
#: because: A local variable is expected to last from call to call.
%%writefile price.py
import catalogue

PRICES_YEN = catalogue.load()


def handler(event, context):
    calls_here = 0
    calls_here += 1
    price_yen = PRICES_YEN[event["lamp"]]
    if event.get("coupon") == "FLASH10":
        price_yen = price_yen * 90 // 100
    return {"price_yen": price_yen, "calls_here": calls_here}
