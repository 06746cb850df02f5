#: expects: The line of the invoice is wrong
#: because: Written anew from the two examples, in which all is paid or nothing.
%%writefile invoice.py
def handler(event, context):
    status = "paid" if event["paid_yen"] > 0 else "open"
    return {"line": f"{event['order']}: {event['total_yen']} yen, {status}"}
