#: breaks: nothing-else
#: expects: A parcel that was sent also left a record
#: because: A destination for each way is thought to be safer.
functions.put_function_event_invoke_config(
    FunctionName="hikari-parcel",
    MaximumRetryAttempts=1,
    DestinationConfig={"OnFailure": {"Destination": lost_parcels_arn}, "OnSuccess": {"Destination": lost_parcels_arn}},
)
