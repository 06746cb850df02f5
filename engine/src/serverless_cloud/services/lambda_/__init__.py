"""Lambda: functions, versions, invocations, mappings, function URLs."""
