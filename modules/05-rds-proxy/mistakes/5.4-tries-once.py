#: breaks: again-when-lost
#: expects: running when the database restarted don't get an answer
#: because: The learner expects the proxy to hide the restart from everybody.
#: replaces: 2
#: fills: gap 2
    return {"order": place(event)}
