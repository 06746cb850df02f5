#: expects: whether redrive.py moves anything
#: because: answers that it has started, and starts nothing
#: replaces: 3
#: fills: gap 1
    return {"started": True}
