#: breaks: open-until-paid
#: expects: The invoice line is wrong
#: because: The learner writes the handler from the two examples, in which all is paid or nothing.
%%writefile invoice.py
def handler(event, context):
    status = "paid" if event["paid_yen"] > 0 else "open"
    return {"line": f"{event['order']}: {event['total_yen']} yen, {status}"}
