#: breaks: only-443
#: expects: lets more out to the internet than calls to port 443
#: because: The reply is thought to need both directions.
#: changes: gap 1
     PortRange={"From": 1024, "To": 65535},
 )
+ec2.create_network_acl_entry(
+    NetworkAclId=shop.private_acl,
+    RuleNumber=130,
+    Egress=True,
+    RuleAction="allow",
+    Protocol="6",
+    CidrBlock="0.0.0.0/0",
+    PortRange={"From": 1024, "To": 65535},
+)
