#: breaks: stays
#: expects: is in a public subnet but has no public address
#: because: A public subnet is thought to give its machines internet.
shop = hikari_vpc.make(strict_acl=True)
subnets = shop.public_subnets

network = {"SubnetIds": list(subnets), "SecurityGroupIds": [shop.functions_group]}
hikari.deploy(aws, "payments", "payments.py", {}, Layers=[], VpcConfig=network)
