"""Lambda: functions, versions, invocations, mappings, function URLs.

docs/fidelity/lambda.md says how it differs from AWS.
"""
