#: breaks: at-most-one-retry
#: expects: Lambda tried 3 times
#: because: Leaving the number out is thought to mean no retry, or one.
functions.put_function_event_invoke_config(
    FunctionName="hikari-parcel",
    DestinationConfig={"OnFailure": {"Destination": lost_parcels_arn}},
)
