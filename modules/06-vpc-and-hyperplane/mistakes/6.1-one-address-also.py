#: breaks: nobody-else
#: expects: lets in addresses
#: because: lets in the administrator's machine by its address
#: changes: gap 1
             "UserIdGroupPairs": [{"GroupId": functions_group}],
+            "IpRanges": [{"CidrIp": "10.6.0.10/32"}],
