#: breaks: one-in-ten
#: expects: gets 90% of the calls
#: because: The weight is taken for the share of the version that the alias names.
deploy("hikari-banner", "banner_today.py")
functions.delete_alias(FunctionName="hikari-banner", Name="live")
today = functions.publish_version(FunctionName="hikari-banner")["Version"]

deploy("hikari-banner", "banner_sale.py")
sale = functions.publish_version(FunctionName="hikari-banner")["Version"]
functions.create_alias(
    FunctionName="hikari-banner",
    Name="live",
    FunctionVersion=today,
    RoutingConfig={"AdditionalVersionWeights": {sale: 0.9}},
)
