#: breaks: most-specific
#: expects: You chose a route with a shorter prefix
#: because: The first route that matches is thought to be taken.
#: fills: gap 1
    for route in routes:
        if inside(address, route["DestinationCidrBlock"]):
            return route
    return None
