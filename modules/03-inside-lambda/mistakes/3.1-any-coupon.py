#: breaks: other-coupons
#: expects: A coupon that Hikari never gave out
#: because: That there is a coupon is thought to be enough.
%%writefile price.py
import catalogue

PRICES_YEN = catalogue.load()
calls_here = 0


def handler(event, context):
    global calls_here
    calls_here += 1
    price_yen = PRICES_YEN[event["lamp"]]
    if "coupon" in event:
        price_yen = price_yen * 90 // 100
    return {"price_yen": price_yen, "calls_here": calls_here}
