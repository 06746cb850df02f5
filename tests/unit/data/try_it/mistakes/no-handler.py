#: expects: no function named handler
def handle(event, context):
    return None
