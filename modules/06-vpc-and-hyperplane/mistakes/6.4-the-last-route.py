#: expects: You chose a route with a shorter prefix
#: because: The last route that was written is thought to count.
#: fills: gap 1
    matching = [route for route in routes if inside(address, route["DestinationCidrBlock"])]
    return matching[-1] if matching else None
