#: breaks: stay-private
#: expects: points to the internet gateway
#: because: sends one company's block directly to the internet gateway
#: changes: gap 1
     ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
+    ec2.create_route(
+        RouteTableId=table, DestinationCidrBlock="8.8.8.0/24", GatewayId=shop.internet_gateway
+    )
