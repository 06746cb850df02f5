#: breaks: gateway
#: expects: interface endpoint
#: because: creates both kinds of endpoint, to be safe
#: changes: gap 1
         RouteTableIds=list(shop.private_tables),
     )
+ec2.create_vpc_endpoint(
+    VpcId=shop.id,
+    VpcEndpointType="Interface",
+    ServiceName=f"com.amazonaws.{aws.region}.s3",
+    SubnetIds=list(shop.private_subnets),
+)
