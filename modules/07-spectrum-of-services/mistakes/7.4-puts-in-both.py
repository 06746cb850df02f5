#: breaks: both-newer-stays
#: expects: Both leaves an older copy
#: because: put keeps whatever comes last, and two packers may write in another order.
#: fills: gap 2
        changed = self.old.set_status(order_id, old, new)
        if changed:
            self.new.put(self.old.get(order_id))
        return changed
