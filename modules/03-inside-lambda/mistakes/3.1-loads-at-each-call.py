#: breaks: once
#: expects: reads the price list again and again
#: because: The handler is taken for a program that starts anew with each call.
%%writefile price.py
import catalogue

calls_here = 0


def handler(event, context):
    global calls_here
    calls_here += 1
    price_yen = catalogue.load()[event["lamp"]]
    if event.get("coupon") == "FLASH10":
        price_yen = price_yen * 90 // 100
    return {"price_yen": price_yen, "calls_here": calls_here}
