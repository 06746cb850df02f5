#: breaks: to-the-function
#: expects: Nothing arrived as an asynchronous call of the function that the records name
#: because: The learner writes the name of the only function that they know.
#: replaces: 2
#: changes: gap 1
-                FunctionName=record["requestContext"]["functionArn"],
+                FunctionName="hikari-parcel",
