"""Step Functions.

docs/fidelity/step-functions.md says how it differs from AWS.
"""
