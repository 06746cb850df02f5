#: expects: An order that is stored does not come back
#: because: One route is thought to be enough: the function looks at the path itself.
#: replaces: 2
#: when: nightly
table("orders", "order_key")
orders_arn = deploy("orders", "orders.py")
ORDERS = http_api("orders", {"POST /orders": orders_arn})

call("POST", f"{ORDERS}/orders", {"order_key": "order-7", "lamp": "Tsuki", "quantity": 2})
call("POST", f"{ORDERS}/orders", {"order_key": "order-8", "lamp": "Tsuki"})
call("GET", f"{ORDERS}/orders/order-7")
call("GET", f"{ORDERS}/orders/order-8")
