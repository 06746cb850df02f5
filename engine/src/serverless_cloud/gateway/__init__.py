"""The front desk: the way of a call to a service that is ours, from the request to the answer."""
