#: breaks: no-internet
#: expects: has a route to the internet
#: because: leaves a way out to the payment provider through a NAT gateway
#: changes: gap 1
 for service in ("s3", "dynamodb"):
     ec2.create_vpc_endpoint(
         VpcId=shop.id,
         VpcEndpointType="Gateway",
         ServiceName=f"com.amazonaws.{aws.region}.{service}",
         RouteTableIds=list(shop.private_tables),
     )
+address = ec2.allocate_address(Domain="vpc")["AllocationId"]
+nat = ec2.create_nat_gateway(SubnetId=shop.public_subnets[0], AllocationId=address)["NatGateway"]["NatGatewayId"]
+for table in shop.private_tables:
+    ec2.create_route(RouteTableId=table, DestinationCidrBlock="203.0.113.0/24", NatGatewayId=nat)
