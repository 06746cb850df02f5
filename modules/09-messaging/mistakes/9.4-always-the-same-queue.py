#: breaks: any-queue
#: expects: moves nothing from the dead-letter queue that its event names
#: because: looks the queue up by its name and does not read the event
#: replaces: 3
#: fills: gap 1
    url = sqs.get_queue_url(QueueName="hikari-orders-dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.start_message_move_task(SourceArn=arn)
    return {"started": True}
