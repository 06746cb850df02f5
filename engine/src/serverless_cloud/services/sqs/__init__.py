"""SQS: queues.

docs/fidelity/sqs.md says how it differs from AWS.
"""
