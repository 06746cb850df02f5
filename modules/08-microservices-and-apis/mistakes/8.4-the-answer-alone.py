#: breaks: sends
#: expects: the queue does not hold their orders
#: because: 202 is thought to send the order on.
#: fills: gap 1
    store(order)
    return answer(202, order)
