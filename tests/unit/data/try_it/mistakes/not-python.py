#: expects: SyntaxError.*line 1
def handler(event, context)
    return None
