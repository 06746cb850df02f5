#: breaks: port-range
#: expects: A PortRange includes its first and its last port
#: because: A PortRange is taken for a range of Python, without its end.
#: changes: gap 2
-            and ports["From"] <= port <= ports["To"]
+            and port in range(ports["From"], ports["To"])
