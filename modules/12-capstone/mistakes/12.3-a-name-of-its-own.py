#: breaks: one-execution
#: expects: arrives twice is paid twice
#: because: each execution has a name of its own, so that none is refused
#: fills: gap 1
    import uuid

    with contextlib.suppress(states.exceptions.ExecutionAlreadyExists):
        states.start_execution(
            stateMachineArn=os.environ["MACHINE"],
            name=f"{order['order_id']}-{uuid.uuid4().hex[:8]}",
            input=json.dumps(order, sort_keys=True),
        )
