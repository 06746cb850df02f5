#: breaks: accepted
#: expects: doesn't return what the shop expects
#: because: returns the id of the message, as SQS does
#: fills: gap 1
    sent = sqs.send_message(QueueUrl=os.environ["QUEUE_URL"], MessageBody=json.dumps(event))
    return {"accepted": sent["MessageId"]}
