#: breaks: five-at-once
#: expects: Provisioned concurrency keeps environments ready
#: because: Environments that are kept ready are taken for a limit.
deploy("hikari-payment", "payment.py")
version = functions.publish_version(FunctionName="hikari-payment")["Version"]
functions.put_provisioned_concurrency_config(
    FunctionName="hikari-payment", Qualifier=version, ProvisionedConcurrentExecutions=5
)
