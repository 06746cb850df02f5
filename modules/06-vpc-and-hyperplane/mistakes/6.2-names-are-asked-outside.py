#: breaks: only-443
#: expects: lets more out
#: because: lets questions to a DNS server out
#: changes: gap 1
     PortRange={"From": 1024, "To": 65535},
 )
+ec2.create_network_acl_entry(
+    NetworkAclId=shop.private_acl, RuleNumber=130, Egress=True, RuleAction="allow",
+    Protocol="17", CidrBlock="0.0.0.0/0", PortRange={"From": 53, "To": 53},
+)
