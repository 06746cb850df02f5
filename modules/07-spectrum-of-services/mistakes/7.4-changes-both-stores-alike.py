#: breaks: copies
#: expects: Both does not copy to the new store
#: because: The new store gets the same call, and not a copy of what the old one holds.
#: fills: gap 2
        changed = self.old.set_status(order_id, old, new)
        if changed and self.new.get(order_id):
            self.new.set_status(order_id, old, new)
        return changed
