#: breaks: other-errors
#: expects: could not be started counts as done.*ExecutionLimitExceeded
#: because: a code that begins with Execution is about an execution that is there already
#: fills: gap 1
    try:
        states.start_execution(
            stateMachineArn=os.environ["MACHINE"], name=order["order_id"], input=json.dumps(order, sort_keys=True)
        )
    except states.exceptions.ClientError as error:
        if not error.response["Error"]["Code"].startswith("Execution"):
            raise
