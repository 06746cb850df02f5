#: breaks: closed-ports
#: expects: lets in more than replies
#: because: lets port 80 in, because web pages come from there
#: changes: gap 1
     PortRange={"From": 1024, "To": 65535},
 )
+ec2.create_network_acl_entry(
+    NetworkAclId=shop.private_acl, RuleNumber=130, Egress=False, RuleAction="allow",
+    Protocol="6", CidrBlock="0.0.0.0/0", PortRange={"From": 80, "To": 80},
+)
