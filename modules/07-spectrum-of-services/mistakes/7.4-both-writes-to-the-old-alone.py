#: breaks: copies
#: expects: lacks an order that a customer placed|Both does not copy
#: because: The comparing at the end repairs it, so it is thought to be enough.
#: fills: gap 1
        self.old.place(order)
