#: breaks: most-specific
#: expects: You chose a route with a shorter prefix
#: because: compares the blocks as texts
#: fills: gap 1
    matching = [route for route in routes if inside(address, route["DestinationCidrBlock"])]
    return max(matching, key=lambda route: route["DestinationCidrBlock"], default=None)
