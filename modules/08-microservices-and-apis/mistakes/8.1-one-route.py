#: breaks: routes
#: expects: has no route GET
#: because: One route is thought to be enough: the function looks at the path itself.
#: replaces: 2
#: fills: gap 1
ORDERS = http_api("orders", {"POST /orders": orders_arn})
