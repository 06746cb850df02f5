"""DynamoDB: items and streams.

docs/fidelity/dynamodb.md says how it differs from AWS.
"""
