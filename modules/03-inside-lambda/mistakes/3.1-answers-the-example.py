#: breaks: price-list
#: expects: never reads the price list
#: because: The example's numbers are written into the code.
%%writefile price.py
calls_here = 0


def handler(event, context):
    global calls_here
    calls_here += 1
    return {"price_yen": 4320 if "coupon" in event else 4800, "calls_here": calls_here}
