#: breaks: started
#: expects: doesn't return what the task asks for
#: because: returns what SQS returned
#: replaces: 3
#: fills: gap 1
    task = sqs.start_message_move_task(SourceArn=event["dead_letters"])
    return {"started": task["TaskHandle"]}
