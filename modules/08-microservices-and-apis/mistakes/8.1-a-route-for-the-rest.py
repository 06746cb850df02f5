#: breaks: routes
#: expects: has more routes than the table
#: because: A route for all other requests is thought to do no harm.
#: replaces: 2
#: fills: gap 1
ORDERS = http_api("orders", {"POST /orders": orders_arn, "GET /orders/{order_key}": orders_arn, "$default": orders_arn})
