#: expects: at work when the database restarted are not answered
#: because: The proxy is thought to hide the restart from everybody.
#: replaces: 2
#: fills: gap 2
    return {"order": place(event)}
