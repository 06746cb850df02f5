#: breaks: enough-orders
#: expects: a drill with too few orders, or of a drill that was not yours.*came back: 150 orders
#: because: the course has a record of a healthy shop, which spares the wait
#: replaces: 2
#: fills: gap 1
from serverless_first.drill import capstone

shop.deploy(aws)
record = capstone.my_drill()
