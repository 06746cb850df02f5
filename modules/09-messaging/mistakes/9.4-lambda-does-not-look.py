#: breaks: mapping
#: expects: doesn't read the response of hikari-pipeline
#: because: returns the list, and leaves the setting out of the mapping
#: replaces: 2
_ = table("hikari-packed", "order_id")
deploy("hikari-pipeline", "pipeline.py", variables={"LAMPS": "Tsuki,Hoshi,Kumo"}, Timeout=10)
dead_url = queue("hikari-orders-dead")
policy = {"deadLetterTargetArn": arn(dead_url), "maxReceiveCount": 3}
orders_url = queue("hikari-orders", VisibilityTimeout="60", RedrivePolicy=json.dumps(policy))
_ = functions.create_event_source_mapping(
    FunctionName="hikari-pipeline",
    EventSourceArn=arn(orders_url),
    BatchSize=10,
    ScalingConfig={"MaximumConcurrency": 5},
)
