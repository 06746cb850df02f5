"""Tells that orders are accepted. Until task 12.4 nobody does."""


def accepted(order_ids):
    pass
