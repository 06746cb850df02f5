#: breaks: stays
#: expects: isn't in both private subnets
#: because: one subnet is enough for one NAT gateway
#: changes: gap 1
-for table in shop.private_tables:
+subnets = shop.private_subnets[:1]
+for table in shop.private_tables:
