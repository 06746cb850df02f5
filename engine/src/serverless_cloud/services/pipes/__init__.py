"""EventBridge Pipes.

docs/fidelity/eventbridge.md says how it differs from AWS.
"""
