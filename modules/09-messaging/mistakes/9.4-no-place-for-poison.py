#: breaks: dead-letters
#: expects: Poison messages have nowhere to go
#: because: makes the dead-letter queue and does not connect it
#: replaces: 2
_ = table("hikari-packed", "order_id")
deploy("hikari-pipeline", "pipeline.py", variables={"LAMPS": "Tsuki,Hoshi,Kumo"}, Timeout=10)
dead_url = queue("hikari-orders-dead")
policy = {"deadLetterTargetArn": arn(dead_url), "maxReceiveCount": 3}
orders_url = queue("hikari-orders", VisibilityTimeout="60")
_ = functions.create_event_source_mapping(
    FunctionName="hikari-pipeline",
    EventSourceArn=arn(orders_url),
    BatchSize=10,
    FunctionResponseTypes=["ReportBatchItemFailures"],
    ScalingConfig={"MaximumConcurrency": 5},
)
