"""SNS: topics, subscriptions, messages and their deliveries, and the operations of its API. No moto.

docs/fidelity/sns.md says how it differs from AWS.
"""
