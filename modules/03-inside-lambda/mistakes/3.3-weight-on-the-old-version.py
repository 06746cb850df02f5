#: breaks: today-first
#: expects: weight is on the wrong version
#: because: The weight is given to the version that is to keep its customers.
deploy("hikari-banner", "banner_today.py")
functions.delete_alias(FunctionName="hikari-banner", Name="live")
today = functions.publish_version(FunctionName="hikari-banner")["Version"]

deploy("hikari-banner", "banner_sale.py")
sale = functions.publish_version(FunctionName="hikari-banner")["Version"]
functions.create_alias(
    FunctionName="hikari-banner",
    Name="live",
    FunctionVersion=sale,
    RoutingConfig={"AdditionalVersionWeights": {today: 0.1}},
)
