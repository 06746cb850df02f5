#: breaks: package
#: expects: ended with an error.*No module named 'catalogue'
#: because: What lies beside the handler here is thought to be on Lambda too.
#: replaces: 2
try:
    functions.delete_function(FunctionName="hikari-price")
except functions.exceptions.ResourceNotFoundException:
    pass

functions.create_function(
    FunctionName="hikari-price",
    Runtime="python3.13",
    Handler="price.handler",
    Role=ROLE_ARN,
    Code={"ZipFile": zip_of("price.py")},
)
