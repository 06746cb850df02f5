#: expects: GET does not return a stored order
#: because: One route is thought to be enough: the function looks at the path itself.
#: replaces: 2
#: fills: gap 1
ORDERS = http_api("orders", {"POST /orders": orders_arn})
