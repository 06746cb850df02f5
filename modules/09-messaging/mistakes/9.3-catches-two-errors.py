#: breaks: failures
#: expects: One message that fails makes the whole call fail.*(ClientError|TypeError)
#: because: catches the errors that the text describes, and DynamoDB has others
#: changes: gap 1
-        except Exception as error:
+        except (ValueError, KeyError) as error:
