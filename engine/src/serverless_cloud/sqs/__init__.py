"""SQS: queues, their messages, and the operations of its API. No moto.

docs/fidelity/sqs.md says how it differs from AWS.
"""
