#: breaks: one-execution
#: expects: arrives twice causes an error in your worker
#: because: an execution that is there already is a reason to fail
#: fills: gap 1
    states.start_execution(
        stateMachineArn=os.environ["MACHINE"],
        name=order["order_id"],
        input=json.dumps(order, sort_keys=True),
    )
