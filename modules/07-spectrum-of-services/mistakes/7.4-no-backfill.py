#: breaks: every-order
#: expects: has not copied every order|uses the new store before|Orders that were there before
#: because: The comparing copies everything that is missing.
#: fills: gap 3
    return
