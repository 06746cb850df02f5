#: breaks: record-of-failures
#: expects: Yours gets the events that succeed
#: because: A destination is taken for a place where everything ends.
functions.put_function_event_invoke_config(
    FunctionName="hikari-parcel",
    MaximumRetryAttempts=1,
    DestinationConfig={"OnSuccess": {"Destination": lost_parcels_arn}},
)
