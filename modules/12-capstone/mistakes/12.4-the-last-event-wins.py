#: breaks: newest-wins
#: expects: late event overwrites a newer status
#: because: the last event that comes is the newest
#: replaces: 2
#: changes: gap 1
-            ConditionExpression="attribute_not_exists(step) OR step < :step",
