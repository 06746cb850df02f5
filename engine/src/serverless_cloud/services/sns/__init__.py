"""SNS: topics.

docs/fidelity/sns.md says how it differs from AWS.
"""
