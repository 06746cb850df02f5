#: breaks: one-in-ten
#: expects: there is no canary
#: because: A new version is thought to be a release by itself.
deploy("hikari-banner", "banner_today.py")
functions.delete_alias(FunctionName="hikari-banner", Name="live")
today = functions.publish_version(FunctionName="hikari-banner")["Version"]
functions.create_alias(FunctionName="hikari-banner", Name="live", FunctionVersion=today)

deploy("hikari-banner", "banner_sale.py")
functions.publish_version(FunctionName="hikari-banner")
