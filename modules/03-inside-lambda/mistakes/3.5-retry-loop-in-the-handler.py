#: breaks: record-of-failures
#: expects: hikari-parcel hides its error
#: because: The handler tries again by itself, then ends as if all were well.
from pathlib import Path

Path("parcel.py").write_text('''
def handler(event, context):
    for _ in range(2):
        try:
            print("parcel for", event["address"])
            return {"sent": event["order_id"]}
        except KeyError:
            print("no address, trying again")
''')
deploy("hikari-parcel", "parcel.py")
functions.put_function_event_invoke_config(
    FunctionName="hikari-parcel",
    MaximumRetryAttempts=1,
    DestinationConfig={"OnFailure": {"Destination": lost_parcels_arn}},
)
