#: breaks: other-errors
#: expects: could not be started counts as done
#: because: that there is an execution already is no error, so no error matters
#: fills: gap 1
    with contextlib.suppress(Exception):
        states.start_execution(
            stateMachineArn=os.environ["MACHINE"], name=order["order_id"], input=json.dumps(order)
        )
