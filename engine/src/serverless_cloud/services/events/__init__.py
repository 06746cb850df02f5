"""EventBridge: buses and rules.

docs/fidelity/eventbridge.md says how it differs from AWS.
"""
