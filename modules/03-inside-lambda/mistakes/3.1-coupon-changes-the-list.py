#: breaks: one-call
#: expects: One customer's coupon changed the price for the next
#: because: The price list is changed for one call, and it outlives the call.
%%writefile price.py
import catalogue

prices_yen = catalogue.load()
calls_here = 0


def handler(event, context):
    global calls_here
    calls_here += 1
    lamp = event["lamp"]
    if event.get("coupon") == "FLASH10":
        prices_yen[lamp] = prices_yen[lamp] * 90 // 100
    return {"price_yen": prices_yen[lamp], "calls_here": calls_here}
