#: breaks: both-newer-stays
#: expects: Both leaves an older copy.*after your code has looked
#: because: The versions are compared in Python, and another packer writes before the copy.
#: fills: gap 2
        changed = self.old.set_status(order_id, old, new)
        if changed:
            order, copy = self.old.get(order_id), self.new.get(order_id)
            if copy is None or copy["version"] < order["version"]:
                self.new.put(order)
        return changed
