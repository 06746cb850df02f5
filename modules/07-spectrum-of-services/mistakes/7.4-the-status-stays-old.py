#: breaks: copies
#: expects: Both does not copy to the new store
#: because: Only new orders are copied; the comparing repairs the rest.
#: fills: gap 2
        changed = self.old.set_status(order_id, old, new)
        return changed
