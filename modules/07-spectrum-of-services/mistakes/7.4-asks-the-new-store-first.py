#: breaks: old-decides
#: expects: The new store has an order that the old store refused
#: because: The new store is written first, before the old one has decided.
#: fills: gap 1
        self.new.put_if_newer(order)
        self.old.place(order)
