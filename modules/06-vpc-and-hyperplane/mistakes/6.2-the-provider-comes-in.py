#: breaks: closed-ports
#: expects: lets in more than replies
#: because: trusts the provider's address with all ports
#: changes: gap 1
     PortRange={"From": 1024, "To": 65535},
 )
+ec2.create_network_acl_entry(
+    NetworkAclId=shop.private_acl, RuleNumber=130, Egress=False, RuleAction="allow",
+    Protocol="6", CidrBlock="8.8.8.8/32", PortRange={"From": 0, "To": 1023},
+)
